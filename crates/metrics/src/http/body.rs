use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Buf as _;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Exchange;

pin_project! {
    // lifecycle's body is alike, but ends when it is dropped only: one type for both would make base depend
    // on http-body and the recording public.
    /// A response body that ends the recording of its request when it ends or is dropped.
    #[derive(Debug)]
    pub struct MeteredBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
        // With so many bytes it is whole, also if nobody asks for its end.
        length: Option<u64>,
    }
}

impl<B> MeteredBody<B> {
    pub(super) const fn new(inner: B, exchange: Option<Exchange>, length: Option<u64>) -> Self {
        Self {
            inner,
            exchange,
            length,
        }
    }
}

impl<B: Body> Body for MeteredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        // Not in the body while it runs: a panic of it drops the exchange here, as a failure.
        let Some(mut exchange) = this.exchange.take() else {
            return this.inner.poll_frame(cx);
        };
        let frame = this.inner.as_mut().poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                exchange.sent(frame.data_ref().map_or(0, B::Data::remaining));
                if this.inner.is_end_stream() || *this.length == Some(exchange.size()) {
                    exchange.ended();
                }
                *this.exchange = Some(exchange);
            }
            Poll::Ready(Some(Err(_))) => exchange.failed(),
            Poll::Ready(None) => exchange.ended(),
            Poll::Pending => *this.exchange = Some(exchange),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
