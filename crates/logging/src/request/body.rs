use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Exchange;

pin_project! {
    /// A response body that runs inside of its request's span and ends the request's line.
    #[derive(Debug)]
    pub struct LoggedBody<B> {
        #[pin]
        inner: Option<B>,
        exchange: Option<Exchange>,
    }

    impl<B> PinnedDrop for LoggedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(exchange) = this.exchange.take() {
                // What the end of the body logs belongs to the request.
                exchange.span().in_scope(|| this.inner.set(None));
            }
        }
    }
}

impl<B> LoggedBody<B> {
    pub(super) const fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self {
            inner: Some(inner),
            exchange,
        }
    }
}

impl<B: Body> Body for LoggedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(exchange) = this.exchange else {
            return inner.poll_frame(cx);
        };
        exchange.enter_code();
        let polled = exchange.in_span(|| inner.as_mut().poll_frame(cx));
        exchange.leave_code();
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => exchange.passed(frame, inner.is_end_stream()),
            Some(Err(_)) => exchange.failed(),
            None => exchange.ended(),
        }
        if exchange.is_over() {
            *this.exchange = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
