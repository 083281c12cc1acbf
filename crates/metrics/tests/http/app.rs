//! A router with routes that answer, fail, panic and hang.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::Response,
    routing::get,
};
use groundcrew_metrics::{HttpMetrics, Registry, metrics_router};

pub(crate) fn app(registry: &Registry) -> (Router, HttpMetrics) {
    let http = HttpMetrics::register(registry).unwrap();
    let api = Router::new().route("/players/{id}", get(async || "a player").post(async || "new"));
    let app = Router::new()
        .nest("/api", api)
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
        .route(
            "/hangs",
            get(async || std::future::pending::<&'static str>().await),
        )
        .merge(metrics_router(registry))
        .layer(http.layer());
    (app, http)
}

pub(crate) fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

pub(crate) async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}
