use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use groundcrew_base::{Secret, Status};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, FORWARDED},
};

use crate::{DetailsPolicy, Health};

impl Health {
    /// The routes `/livez /readyz /startupz /healthz /healthz/{check} /api/health`, for GET and HEAD.
    ///
    /// | route | 200 while | body |
    /// |---|---|---|
    /// | `/livez` | the runtime turns | `alive` |
    /// | `/readyz` | the gate is open and no critical check is unhealthy or unknown | `ready` |
    /// | `/startupz` | that has been so once | `started` |
    /// | `/healthz` | the service is not unhealthy | the status |
    /// | `/healthz/{check}` | the check is not unhealthy or unknown | JSON; 404 for another name |
    /// | `/api/health` | the service is not unhealthy | JSON of the [`Report`](crate::Report) |
    ///
    /// Everything else is 503 with the reason. Answers are never cached. Mount it outside of
    /// authentication, rate limits and request logs.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/startupz", get(startupz))
            .route("/healthz", get(healthz))
            .route("/healthz/{check}", get(check))
            .route("/api/health", get(api_health))
            .layer(middleware::from_fn(never_cached))
            .with_state(self.clone())
    }

    /// Whether this caller may see reasons and details.
    fn shows_details(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        match self.config().details {
            DetailsPolicy::Never => false,
            DetailsPolicy::Always => true,
            DetailsPolicy::Loopback => {
                let peer = extensions.get::<ConnectInfo<SocketAddr>>();
                let proxied = PROXY_HEADERS.iter().any(|name| headers.contains_key(name));
                peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback()) && !proxied
            }
            DetailsPolicy::Token => {
                let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
                token.is_some_and(|token| self.config().details_token == Some(Secret::from(token)))
            }
        }
    }
}

async fn never_cached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

async fn livez(State(health): State<Health>) -> Response {
    match health.liveness() {
        Ok(()) => "alive\n".into_response(),
        Err(stalled) => refuse(&format!(
            "the runtime has stalled for {:.1} s",
            stalled.as_secs_f64()
        )),
    }
}

async fn readyz(State(health): State<Health>) -> Response {
    match health.readiness() {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => refuse(&format!("not ready: {reason}")),
    }
}

async fn startupz(State(health): State<Health>) -> Response {
    if health.has_started() {
        return "started\n".into_response();
    }
    match health.readiness() {
        Ok(()) => "started\n".into_response(),
        Err(reason) => refuse(&format!("starting: {reason}")),
    }
}

async fn healthz(State(health): State<Health>) -> Response {
    let status = health.report().status;
    (code(status), format!("{status}\n")).into_response()
}

async fn check(State(health): State<Health>, Path(name): Path<String>, request: Request) -> Response {
    let report = health.report();
    match report.check(&name) {
        None => (StatusCode::NOT_FOUND, "no such check\n").into_response(),
        Some(check) => {
            let details = health.shows_details(request.headers(), request.extensions());
            json(check.status(), check.render(details).into())
        }
    }
}

async fn api_health(State(health): State<Health>, request: Request) -> Response {
    let snapshot = health.snapshot();
    let body = if health.shows_details(request.headers(), request.extensions()) {
        &snapshot.full
    } else {
        &snapshot.plain
    };
    json(snapshot.report.status, body.clone())
}

fn json(status: Status, body: Bytes) -> Response {
    let json = HeaderValue::from_static("application/json");
    (code(status), [(CONTENT_TYPE, json)], body).into_response()
}

fn refuse(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}

const fn code(status: Status) -> StatusCode {
    match status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const PROXY_HEADERS: [HeaderName; 3] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];
