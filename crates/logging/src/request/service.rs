use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::instrument::{Instrument as _, Instrumented};

use super::{LoggedBody, exchange::Exchange, request_log::Settings};

/// The service that [`RequestLog`](crate::RequestLog) makes.
#[derive(Clone, Debug)]
pub struct RequestLogService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> RequestLogService<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for RequestLogService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<LoggedBody<R>>;
    type Error = S::Error;
    type Future = LoggedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let mut exchange = Exchange::begin(&self.settings, &mut parts);
        let span = exchange.span();
        let request = Request::from_parts(parts, body);
        exchange.enter_code();
        let inner = span.in_scope(|| self.inner.call(request));
        exchange.leave_code();
        LoggedFuture {
            inner: inner.instrument(span),
            exchange: Some(exchange),
        }
    }
}

pin_project! {
    /// The future of [`RequestLogService`].
    #[derive(Debug)]
    pub struct LoggedFuture<F> {
        // Dropped first: what its end logs comes before the request's own line.
        #[pin]
        inner: Instrumented<F>,
        exchange: Option<Exchange>,
    }
}

impl<F, R, E> Future for LoggedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<LoggedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(exchange) = this.exchange {
            exchange.enter_code();
        }
        let polled = this.inner.poll(cx);
        if let Some(exchange) = this.exchange {
            exchange.leave_code();
        }
        let outcome = ready!(polled);
        let mut exchange = this.exchange.take();
        Poll::Ready(match outcome {
            Ok(mut response) => {
                if let Some(exchange) = &mut exchange {
                    exchange.answered(&mut response);
                }
                Ok(response.map(|body| LoggedBody::new(body, exchange)))
            }
            Err(error) => {
                if let Some(exchange) = &mut exchange {
                    exchange.failed();
                }
                Err(error)
            }
        })
    }
}
