use std::{thread, time::Instant};

use axum::extract::MatchedPath;
use http::{Method, Request, StatusCode};

use super::HttpMetrics;
use crate::GaugeGuard;

/// One request and its response; records them when it is dropped, so exactly once.
#[derive(Debug)]
pub(super) struct Exchange {
    metrics: HttpMetrics,
    method: &'static str,
    route: Route,
    started: Instant,
    status: Option<StatusCode>,
    _in_flight: GaugeGuard,
}

/// What axum has matched.
#[derive(Debug)]
pub(super) enum Route {
    Matched(MatchedPath),
    Unmatched,
}

impl Exchange {
    pub(super) fn begin<B>(metrics: &HttpMetrics, request: &Request<B>) -> Self {
        let matched = request.extensions().get::<MatchedPath>().cloned();
        Self {
            metrics: metrics.clone(),
            method: method_label(request.method()),
            route: matched.map_or(Route::Unmatched, Route::Matched),
            started: Instant::now(),
            status: None,
            _in_flight: metrics.in_flight().track(),
        }
    }

    pub(super) const fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    fn status_code(&self) -> u16 {
        match self.status {
            Some(status) => status.as_u16(),
            None if thread::panicking() => StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
            None => CLIENT_CLOSED_REQUEST,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        self.metrics
            .record(self.method, &self.route, self.status_code(), elapsed);
    }
}

impl Route {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Matched(path) => path.as_str(),
            Self::Unmatched => "unmatched",
        }
    }
}

fn method_label(method: &Method) -> &'static str {
    let known = METHODS.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("_OTHER")
}

const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY",
];

/// Not registered, but what nginx made common: the client went away before there was a response.
const CLIENT_CLOSED_REQUEST: u16 = 499;
