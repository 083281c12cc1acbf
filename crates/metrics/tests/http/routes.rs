//! `/metrics` and `/api/performance`.

use axum::{
    Router,
    http::{Method, StatusCode, header},
};
use groundcrew_metrics::{Registry, performance};
use tower::ServiceExt as _;

use crate::app::{app, body, request};

#[tokio::test]
async fn the_format_follows_the_accept_header() {
    let registry = Registry::new();
    let (app, _http) = app(&registry);
    let scrape = async |accept: &str| {
        let mut request = request("GET", "/metrics");
        request
            .headers_mut()
            .insert(header::ACCEPT, accept.parse().unwrap());
        let response = app.clone().oneshot(request).await.unwrap();
        let content_type = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        (content_type, body(response).await)
    };

    let (text_type, text) = scrape("*/*").await;
    let (open_type, open_metrics) =
        scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    let posted = app
        .clone()
        .oneshot(request(Method::POST.as_str(), "/metrics"))
        .await
        .unwrap();

    assert_eq!(text_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.contains("# EOF"));
    assert_eq!(
        open_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open_metrics.ends_with("# EOF\n"));
    assert!(open_metrics.contains("# TYPE http_requests counter\n"));
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn performance_reads_the_same_cells() {
    let registry = Registry::new();
    let (app, http) = app(&registry);
    for path in ["/api/players/1", "/fails", "/api/players/2", "/nowhere"] {
        let _all = body(app.clone().oneshot(request("GET", path)).await.unwrap()).await;
    }

    let routes: Router = performance().http(move || http.figures()).router();
    let response = routes.oneshot(request("GET", "/api/performance")).await.unwrap();

    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let json: serde_json::Value = serde_json::from_str(&body(response).await).unwrap();
    assert_eq!(json["http"]["requests"], 4);
    assert_eq!(json["http"]["errors"], 1);
    assert_eq!(json["http"]["errorRate"], 25.0);
    let latency = |name: &str| json["http"]["latencyMs"][name].as_f64().unwrap();
    assert!(latency("p50") > 0.0 && latency("p50") <= latency("p95") && latency("p95") <= latency("p99"));
    assert_eq!(json.get("cache"), None);
    assert_eq!(json.get("database"), None);
}
