use std::{
    error::Error as StdError,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use groundcrew_base::{catch_panic_in, error_text};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{TARGET, serve::BoxError, stats::Counters};

/// Answers every request: where the service panics or fails, with 500 and an empty body.
///
/// Without it the client of such a request would lose its connection, and over HTTP/1 not even learn that the request
/// has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Answering<S> {
    inner: S,
    counters: Arc<Counters>,
    /// The service has failed instead of getting ready.
    is_unready: bool,
}

impl<S> Answering<S> {
    pub(crate) const fn new(inner: S, counters: Arc<Counters>) -> Self {
        Self {
            inner,
            counters,
            is_unready: false,
        }
    }
}

impl<S, A, B> Service<Request<A>> for Answering<S>
where
    S: Service<Request<A>, Response = Response<B>, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    type Response = Response<AnswerBody<B>>;
    type Error = S::Error;
    type Future = AnswerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.is_unready {
            return Poll::Ready(Ok(()));
        }
        match catch_panic_in(|| self.inner.poll_ready(cx)) {
            Ok(polled) => {
                if let Err(error) = ready!(polled) {
                    tell(error, &self.counters);
                    self.is_unready = true;
                }
            }
            Err(_) => {
                self.counters.handler_panicked();
                self.is_unready = true;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let inner = if self.is_unready {
            None
        } else {
            let inner = catch_panic_in(|| self.inner.call(request));
            if inner.is_err() {
                self.counters.handler_panicked();
            }
            inner.ok()
        };
        AnswerFuture {
            inner,
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

    impl<F> PinnedDrop for AnswerFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_counted(this.inner, this.counters);
        }
    }
}

impl<F, B, E> Future for AnswerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Output = Result<Response<AnswerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => catch_panic_in(|| inner.poll(cx)),
            None => return Poll::Ready(Ok(internal_error(this.counters))),
        };
        let result = match polled {
            Ok(polled) => ready!(polled),
            // The panic hook has told its text.
            Err(_) => {
                this.counters.handler_panicked();
                drop(catch_panic_in(|| this.inner.set(None)));
                return Poll::Ready(Ok(internal_error(this.counters)));
            }
        };
        Poll::Ready(Ok(match result {
            Ok(response) => response.map(|body| AnswerBody::of(Some(body), this.counters)),
            Err(error) => {
                tell(error, this.counters);
                internal_error(this.counters)
            }
        }))
    }
}

/// A panic of the drop, as at the disconnect of a client, goes no further.
fn drop_counted<T>(mut stranger: Pin<&mut Option<T>>, counters: &Counters) {
    if catch_panic_in(|| stranger.set(None)).is_err() {
        counters.handler_panicked();
    }
}

fn tell<E>(error: E, counters: &Counters)
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    // It is the service's as well.
    let text = catch_panic_in(|| error_text(&*error.into())).unwrap_or_else(|panic| {
        counters.handler_panicked();
        panic
    });
    tracing::error!(target: TARGET, error = text, "a service failed instead of answering");
}

fn internal_error<B>(counters: &Arc<Counters>) -> Response<AnswerBody<B>> {
    let mut response = Response::new(AnswerBody::of(None, counters));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

pin_project! {
    /// The body of an answer, or none. One that panics ends with an error, and is counted.
    pub(crate) struct AnswerBody<B> {
        #[pin]
        inner: Option<B>,
        counters: Arc<Counters>,
    }

    impl<B> PinnedDrop for AnswerBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            drop_counted(this.inner, this.counters);
        }
    }
}

impl<B> AnswerBody<B> {
    fn of(inner: Option<B>, counters: &Arc<Counters>) -> Self {
        Self {
            inner,
            counters: Arc::clone(counters),
        }
    }
}

impl<B> Body for AnswerBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match catch_panic_in(|| inner.poll_frame(cx)) {
            Ok(polled) => polled.map_err(Into::into),
            Err(_) => {
                this.counters.handler_panicked();
                drop(catch_panic_in(|| this.inner.set(None)));
                Poll::Ready(Some(Err("the body of the answer panicked".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref();
        inner.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
