use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, StatusCode, Version, header::CONNECTION};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio_util::task::TaskTracker;
use tower_layer::Layer;
use tower_service::Service;

use crate::{InFlight, Lifecycle, core::Core};

/// Counts requests in flight and asks clients to leave while the service drains.
///
/// Made by [`Lifecycle::drain_layer`]. From the drain on, every HTTP/1
/// response carries `Connection: close`. A request is in flight until the last byte of its answer is
/// handed over. Applied twice, the inner one does nothing.
///
/// # Examples
/// ```
/// use groundcrew_lifecycle::Lifecycle;
/// use http::{Request, Response, header::CONNECTION};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lifecycle = Lifecycle::builder().start()?;
/// let hello = service_fn(async |_: Request<()>| Ok::<_, std::io::Error>(Response::new(String::new())));
/// let hello = lifecycle.drain_layer().layer(hello);
///
/// lifecycle.stop("the example is over");
/// let response = hello.oneshot(Request::new(())).await?;
/// assert_eq!(response.headers()[CONNECTION], "close");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DrainLayer {
    core: Arc<Core>,
    in_flight: TaskTracker,
}

impl Lifecycle {
    /// A layer that counts requests and, from the drain on, answers each with `Connection: close`, so that
    /// keep-alive clients leave before the door closes. `serve` has it built in.
    #[must_use]
    pub fn drain_layer(&self) -> DrainLayer {
        DrainLayer {
            core: Arc::clone(&self.inner().core),
            in_flight: self.inner().in_flight.clone(),
        }
    }
}

impl<S> Layer<S> for DrainLayer {
    type Service = Drain<S>;

    fn layer(&self, inner: S) -> Drain<S> {
        Drain {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service under a [`DrainLayer`].
#[derive(Clone, Debug)]
pub struct Drain<S> {
    inner: S,
    layer: DrainLayer,
}

impl<S, A, B> Service<Request<A>> for Drain<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<DrainBody<B>>;
    type Error = S::Error;
    type Future = DrainFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let counted = request.extensions_mut().insert(Counted).is_some();
        let http1 = request.version() <= Version::HTTP_11;
        DrainFuture {
            guard: (!counted).then(|| InFlight::new(self.layer.in_flight.token())),
            core: (!counted && http1).then(|| Arc::clone(&self.layer.core)),
            inner: self.inner.call(request),
        }
    }
}

/// Marks a request that an outer layer counts.
#[derive(Clone)]
struct Counted;

pin_project! {
    /// The answer of a [`Drain`] service to come.
    pub struct DrainFuture<F> {
        #[pin]
        inner: F,
        guard: Option<InFlight>,
        core: Option<Arc<Core>>,
    }
}

impl<F, B, E> Future for DrainFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<DrainBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match ready!(this.inner.poll(cx)) {
            Ok(response) => response,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let leave = this.core.as_ref().is_some_and(|core| core.is_draining());
        // An upgrade needs its own `Connection` header.
        if leave && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let guard = this.guard.take();
        Poll::Ready(Ok(response.map(|inner| DrainBody { inner, guard })))
    }
}

impl<F> fmt::Debug for DrainFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// A response body whose request is in flight until it is dropped.
    pub struct DrainBody<B> {
        #[pin]
        inner: B,
        guard: Option<InFlight>,
    }
}

impl<B: Body> Body for DrainBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> fmt::Debug for DrainBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainBody").finish_non_exhaustive()
    }
}
