//! Names, labels and buckets.

use axum::{Router, http::StatusCode, routing::get};
use groundcrew_base::catch_panic;
use groundcrew_metrics::{HttpMetrics, HttpPreset, RegisterError, Registry};
use tower::ServiceExt as _;

use crate::{
    app::{body, request},
    samples::value,
    streams::two_frames,
};

#[tokio::test]
async fn the_second_preset_has_fewer_labels() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::ByRoute).unwrap();
    let app = Router::new().route("/", get(async || "")).layer(http.layer());

    let _all = body(app.oneshot(request("GET", "/")).await.unwrap()).await;

    let text = registry.encode();
    assert!(text.contains("http_request_duration_seconds_bucket{method=\"GET\",route=\"/\",le=\"0.1\"} 1\n"));
    assert!(text.contains("http_requests_total{method=\"GET\",route=\"/\",status_code=\"200\"} 1\n"));
}

#[tokio::test]
async fn the_names_of_open_telemetry_tell_why_a_request_did_not_end() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::OpenTelemetry).unwrap();
    let app = Router::new()
        .route("/streams", get(async || two_frames()))
        .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
        .layer(http.layer());

    drop(app.clone().oneshot(request("GET", "/streams")).await.unwrap());
    let _all = body(app.clone().oneshot(request("GET", "/streams")).await.unwrap()).await;
    drop(catch_panic(app.oneshot(request("GET", "/panics"))).await);

    let count = |route: &str, status: u16, error: &str| {
        let labels = format!(
            "{{http_request_method=\"GET\",url_scheme=\"http\",http_route=\"{route}\",\
             http_response_status_code=\"{status}\",error_type=\"{error}\"}}"
        );
        value(
            &registry,
            &format!("http_server_request_duration_seconds_count{labels}"),
        )
    };
    assert_eq!(count("/streams", 200, "aborted"), Some(1.0));
    assert_eq!(count("/streams", 200, ""), Some(1.0));
    assert_eq!(count("/panics", 500, "panicked"), Some(1.0));
    assert_eq!(count("/panics", 500, "500"), None);
}

#[tokio::test]
async fn the_names_of_open_telemetry_are_a_preset() {
    let registry = Registry::new();
    let http = HttpMetrics::register_preset(&registry, HttpPreset::OpenTelemetry).unwrap();
    let app = Router::new()
        .route("/players/{id}", get(async || "a player"))
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .layer(http.layer());

    let response = app.clone().oneshot(request("GET", "/players/1")).await.unwrap();
    let active = "http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"}";
    assert_eq!(value(&registry, active), Some(1.0));
    let _all = body(response).await;
    let _all = body(
        app.oneshot(request("GET", "https://a.example/fails"))
            .await
            .unwrap(),
    )
    .await;

    assert_eq!(value(&registry, active), Some(0.0));
    let count = |labels: &str| {
        value(
            &registry,
            &format!("http_server_request_duration_seconds_count{{{labels}}}"),
        )
    };
    let player = "http_request_method=\"GET\",url_scheme=\"http\",http_route=\"/players/{id}\",\
                  http_response_status_code=\"200\",error_type=\"\"";
    let failure = "http_request_method=\"GET\",url_scheme=\"https\",http_route=\"/fails\",\
                   http_response_status_code=\"502\",error_type=\"502\"";
    assert_eq!(count(player), Some(1.0));
    assert_eq!(count(failure), Some(1.0));
    let size = format!("http_server_response_body_size_bytes_sum{{{player}}}");
    assert_eq!(value(&registry, &size), Some(8.0));
    let figures = serde_json::to_value(http.figures()).unwrap();
    assert_eq!((&figures["requests"], &figures["errors"]), (&2.into(), &1.into()));
}

#[test]
fn buckets_are_the_users_own_and_sizes_may_be_left_out() {
    let registry = Registry::new();
    let http = HttpMetrics::builder()
        .duration_buckets(&[0.25])
        .without_sizes()
        .register(&registry)
        .unwrap();
    let refused = HttpMetrics::builder()
        .size_buckets(&[2.0, 1.0])
        .register(&Registry::new());

    drop(http);
    assert!(!registry.encode().contains("_size_bytes"));
    assert!(
        matches!(&refused, Err(RegisterError::UnsortedBuckets { name, .. }) if name == "http_request_size_bytes"),
        "{refused:?}"
    );
}
