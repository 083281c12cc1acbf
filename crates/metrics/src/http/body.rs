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
    }
}

impl<B> MeteredBody<B> {
    pub(super) const fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<B: Body> Body for MeteredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = Exchange::guard(this.exchange, || this.inner.as_mut().poll_frame(cx));
        let Some(exchange) = this.exchange else {
            return frame;
        };
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                exchange.sent(frame.data_ref().map_or(0, B::Data::remaining));
                if exchange.is_open() && this.inner.is_end_stream() {
                    exchange.ended();
                }
            }
            Poll::Ready(Some(Err(_))) => {
                exchange.failed();
                *this.exchange = None;
            }
            Poll::Ready(None) => {
                exchange.ended();
                *this.exchange = None;
            }
            Poll::Pending => {}
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
