use std::{
    error::Error as StdError,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use groundcrew_base::{catch_panic_in, redact};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{DrainBody, TARGET, stats::Counters};

/// Answers every request: where the service panics or fails, with 500 and an empty body.
///
/// Without it the client of such a request would lose its connection, and over HTTP/1 not even learn that the request
/// has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Answering<S> {
    pub(crate) inner: S,
    pub(crate) counters: Arc<Counters>,
}

impl<S, A, B> Service<Request<A>> for Answering<S>
where
    S: Service<Request<A>, Response = Response<B>, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    type Response = Response<DrainBody<B>>;
    type Error = S::Error;
    type Future = AnswerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let inner = catch_panic_in(|| self.inner.call(request));
        if inner.is_err() {
            self.counters.handler_panicked();
        }
        AnswerFuture {
            inner: inner.ok(),
            counters: Arc::clone(&self.counters),
        }
    }
}

pin_project! {
    /// The answer of an [`Answering`] service to come.
    pub(crate) struct AnswerFuture<F> {
        // None once it has panicked.
        #[pin]
        inner: Option<F>,
        counters: Arc<Counters>,
    }
}

impl<F, B, E> Future for AnswerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Output = Result<Response<DrainBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => catch_panic_in(|| inner.poll(cx)),
            None => return Poll::Ready(Ok(internal_error())),
        };
        match polled {
            Ok(polled) => {
                let answer = |response: Response<B>| response.map(DrainBody::of);
                polled.map(|result| Ok(result.map_or_else(|error| failed(error, this.counters), answer)))
            }
            // The panic hook has told its text.
            Err(_) => {
                drop(catch_panic_in(|| this.inner.set(None)));
                this.counters.handler_panicked();
                Poll::Ready(Ok(internal_error()))
            }
        }
    }
}

fn failed<B, E>(error: E, counters: &Counters) -> Response<DrainBody<B>>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    // It is the service's as well.
    let text = catch_panic_in(|| error.into().to_string()).unwrap_or_else(|panic| {
        counters.handler_panicked();
        panic
    });
    tracing::error!(target: TARGET, error = %redact(&text), "a service failed instead of answering");
    internal_error()
}

fn internal_error<B>() -> Response<DrainBody<B>> {
    let mut response = Response::new(DrainBody::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
