use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{HttpMetrics, MeteredBody, exchange::Exchange};

/// Records requests; made by [`HttpMetrics::layer`].
#[derive(Clone, Debug)]
pub struct HttpMetricsLayer(HttpMetrics);

impl HttpMetricsLayer {
    pub(super) const fn new(metrics: HttpMetrics) -> Self {
        Self(metrics)
    }
}

impl<S> Layer<S> for HttpMetricsLayer {
    type Service = HttpMetricsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpMetricsService {
            metrics: self.0.clone(),
            inner,
        }
    }
}

/// The service that [`HttpMetricsLayer`] makes.
#[derive(Clone, Debug)]
pub struct HttpMetricsService<S> {
    metrics: HttpMetrics,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for HttpMetricsService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Body,
    R: Body,
{
    type Response = Response<MeteredBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let exchange = Exchange::begin(&self.metrics, &request);
        ResponseFuture {
            inner: self.inner.call(request),
            exchange: Some(exchange),
        }
    }
}

pin_project! {
    /// The future of [`HttpMetricsService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<MeteredBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = Exchange::guard(this.exchange, || this.inner.poll(cx));
        let Poll::Ready(outcome) = polled else {
            return Poll::Pending;
        };
        Poll::Ready(match outcome {
            Ok(response) => {
                if let Some(exchange) = this.exchange {
                    exchange.answered(&response);
                }
                let exchange = this.exchange.take();
                Ok(response.map(|body| MeteredBody::new(body, exchange)))
            }
            Err(error) => {
                if let Some(mut exchange) = this.exchange.take() {
                    exchange.failed();
                }
                Err(error)
            }
        })
    }
}
