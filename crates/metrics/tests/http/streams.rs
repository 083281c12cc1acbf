//! Bodies that end, fail and panic.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::header,
    routing::get,
};
use groundcrew_metrics::{HttpMetrics, Registry};
use http_body::Frame;

/// A body of what `next` gives, one frame at a time.
fn stream(next: impl FnMut() -> Option<Result<Bytes, io::Error>> + Send + 'static) -> Body {
    struct Frames<F>(F);

    impl<F: FnMut() -> Option<Result<Bytes, io::Error>> + Unpin> HttpBody for Frames<F> {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            Poll::Ready((self.0)().map(|bytes| bytes.map(Frame::data)))
        }
    }

    Body::new(Frames(Box::new(next) as Box<dyn FnMut() -> _ + Send>))
}

pub(crate) fn two_frames() -> Body {
    let mut left = vec![Bytes::from("cards"), Bytes::from("more ")];
    stream(move || left.pop().map(Ok))
}

pub(crate) fn streams(registry: &Registry) -> Router {
    let http = HttpMetrics::register(registry).unwrap();
    let fails = || {
        let mut left = vec![Err(io::Error::other("broken")), Ok(Bytes::from("half"))];
        stream(move || left.pop())
    };
    Router::new()
        .route("/whole", get(async || two_frames()))
        .route(
            "/length",
            get(async || ([(header::CONTENT_LENGTH, "10")], two_frames())),
        )
        .route("/fails", get(async move || fails()))
        .route("/panics", get(async || stream(|| panic!("on purpose"))))
        .layer(http.layer())
}
