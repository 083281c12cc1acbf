//! Levels by HTTP.

use axum::{Router, body::Body};
use groundcrew_logging::{Logging, RequestLog, level_route};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::{keeping, told};
use crate::capture::Kept;

struct Site {
    router: Router,
    logging: Logging,
    kept: Kept,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Site {
    fn new() -> Self {
        let kept = Kept::default();
        let (layer, logging) = keeping(&kept, "info,sqlx=warn").build().unwrap();
        let guard = tracing::subscriber::set_default(Registry::default().with(layer));
        let peer = |_: &http::request::Parts| Some([192, 0, 2, 7].into());
        let router = Router::new()
            .route("/log-level", level_route(&logging))
            .layer(RequestLog::new().quiet(["/log-level"]).peer(peer));
        Self {
            router,
            logging,
            kept,
            _guard: guard,
        }
    }

    async fn send(&self, method: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri("/log-level")
            .header("x-request-id", "r-7")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }
}

#[tokio::test]
async fn it_shows_sets_and_resets() {
    let site = Site::new();
    let nothing = json!({ "level": "info,sqlx=warn", "changes": [] });
    assert_eq!(site.send("GET", "").await, (StatusCode::OK, nothing.clone()));

    let (status, shown) = site
        .send("PUT", r#"{"target":"poker","level":"debug","ttl":"10m"}"#)
        .await;

    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["level"], "info,sqlx=warn,poker=debug");
    let change = &shown["changes"][0];
    assert_eq!(
        (&change["target"], &change["level"]),
        (&json!("poker"), &json!("debug"))
    );
    assert_eq!(change["by"], "http request r-7 from 192.0.2.7");
    assert!((590..=600).contains(&change["ttl_seconds"].as_u64().unwrap()));
    let (_, shown) = site.send("POST", r#"{"level":"ERROR","ttl":"1h"}"#).await;
    assert_eq!(shown["level"], "error,sqlx=warn,poker=debug");
    assert_eq!(shown["changes"][1]["target"], "*");
    let (_, shown) = site.send("PUT", r#"{"level":"warn"}"#).await;
    assert_eq!(shown["level"], "error,poker=debug");
    assert_eq!(site.logging.filter().to_string(), "error,poker=debug");
    assert_eq!(site.send("DELETE", "").await, (StatusCode::OK, nothing));
    let by: Vec<_> = told(&site.logging, &site.kept)
        .into_iter()
        .map(|line| line.last().unwrap().clone())
        .collect();
    assert_eq!(
        by,
        vec![("by".to_owned(), json!("http request r-7 from 192.0.2.7")); 4]
    );
}

#[tokio::test]
async fn what_it_cannot_read_is_refused_with_the_reason() {
    let site = Site::new();
    let loud = r#"level: "loud" is none of error, warn, info, debug, trace, off"#;
    for (body, error) in [
        (r#"{"level":"loud","ttl":"1m"}"#, loud),
        (
            r#"{"level":"loud"}"#,
            "level: unknown level in \"loud\", expected one of error, warn, info, debug, trace, off",
        ),
        (
            r#"{"level":"","ttl":"1m"}"#,
            "level: \"\" is none of error, warn, info, debug, trace, off",
        ),
        (
            r#"{"level":"5","ttl":"1m"}"#,
            "level: \"5\" is none of error, warn, info, debug, trace, off",
        ),
        (
            r#"{"level":"info,a=warn","ttl":"1m"}"#,
            "level: \"info,a=warn\" is none of error, warn, info, debug, trace, off",
        ),
        (
            r#"{"level":"debug","target":"a"}"#,
            "a level for one target needs a ttl, such as 10m",
        ),
        (
            r#"{"level":"debug","ttl":"0s"}"#,
            "ttl: it must be longer than nothing",
        ),
        (
            r#"{"level":"debug","target":"a=b","ttl":"1m"}"#,
            "setting a log level: \"a=b\" names no target",
        ),
    ] {
        let refused = site.send("PUT", body).await;
        assert_eq!(
            refused,
            (StatusCode::BAD_REQUEST, json!({ "error": error })),
            "{body}"
        );
    }
    for body in [
        "",
        "{",
        "[]",
        r#"{"level":1}"#,
        r#"{"levels":"info"}"#,
        r#"{"level":"debug","ttl":"10"}"#,
    ] {
        let (status, refused) = site.send("PUT", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(
            refused["error"].as_str().is_some_and(|error| error.len() > 10),
            "{refused}"
        );
    }
    assert!(site.logging.temporary_levels().is_empty());
}
