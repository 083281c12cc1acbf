use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use tower_service::Service;

use crate::{Health, formats::Format, router};

/// `/api/health`. What is known already is answered at once, without a future that carries the request about.
#[derive(Clone)]
pub(crate) struct Whole(pub(crate) Health);

impl Whole {
    /// The answer to a question without parameters.
    fn known(&self, request: &Request) -> Option<Response> {
        if request.uri().query().is_some() {
            return None;
        }
        let format = Format::accepted(request.headers());
        let details = self.0.shows_details(request.headers(), request.extensions());
        Some(router::whole(&self.0.snapshot(), format, details))
    }
}

impl Service<Request> for Whole {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answering {
        if let Some(response) = self.known(&request) {
            return Answering::Known(ready(response));
        }
        let health = self.0.clone();
        Answering::Asked(Box::pin(router::api_health(health, &request)))
    }
}

pub(crate) enum Answering {
    Known(Ready<Response>),
    Asked(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Known(known) => Pin::new(known).poll(cx).map(Ok),
            Self::Asked(asked) => asked.as_mut().poll(cx).map(Ok),
        }
    }
}
