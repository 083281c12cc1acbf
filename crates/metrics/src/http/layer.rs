use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    HttpMetrics, MeteredBody,
    exchange::{Exchange, length},
};

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
        // Out of the future while the handler runs: its panic drops the exchange here, as a failure, and
        // not later, as a request that was given up.
        let mut exchange = this.exchange.take();
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            *this.exchange = exchange;
            return Poll::Pending;
        };
        if let Some(exchange) = &mut exchange {
            match &outcome {
                Ok(response) => exchange.answered(response),
                Err(_) => exchange.failed(),
            }
        }
        Poll::Ready(outcome.map(|response| {
            let length = length(&response);
            response.map(|body| MeteredBody::new(body, exchange, length))
        }))
    }
}
