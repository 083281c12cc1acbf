//! Routes and peers that are found by themselves.

use std::{io, net::SocketAddr, pin::pin};

use axum::{
    Router,
    body::Body as AxumBody,
    extract::WebSocketUpgrade,
    routing::{any, get},
};
use futures_util::stream;
use groundcrew_logging::{Logging, RequestLog};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tracing::subscriber::DefaultGuard;

use super::{access, assert_fields, exchange, log_here};
use crate::capture::{DEADLINE, Kept};

struct AxumSite {
    address: SocketAddr,
    logging: Logging,
    kept: Kept,
    _serving: JoinSet<()>,
    _guard: DefaultGuard,
}

async fn serve(router: Router) -> AxumSite {
    let (logging, kept, guard) = log_here("info");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).await.unwrap();
    });
    AxumSite {
        address,
        logging,
        kept,
        _serving: serving,
        _guard: guard,
    }
}

fn app() -> Router {
    let api = Router::new().route("/players/{id}", get(async || "a player").delete(async || "gone"));
    Router::new()
        .nest("/api", api)
        .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
        .route(
            "/ws",
            any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| {})),
        )
        .route(
            "/stream",
            get(async || AxumBody::from_stream(stream::iter(["a", "b"].map(Ok::<_, io::Error>)))),
        )
        .layer(RequestLog::new())
}

#[tokio::test]
async fn routes_are_matched_paths_and_never_paths() {
    let site = serve(app()).await;
    for (request, route, status, bytes) in [
        ("GET /api/players/17?x=secret", "/api/players/{id}", 200, 8),
        ("HEAD /api/players/17", "/api/players/{id}", 200, 0),
        ("POST /api/players/17", "/api/players/{id}", 405, 0),
        ("GET /.env", "unmatched", 404, 0),
        ("GET /stream", "/stream", 200, 2),
    ] {
        let before = site.kept.lines().len();
        exchange(
            site.address,
            &format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        )
        .await;

        let lines = access(&site.logging, &site.kept, before + 1).await;
        assert_fields(
            &lines[before],
            &[
                ("outcome", json!("answered")),
                ("route", json!(route)),
                ("status", json!(status)),
                ("response_bytes", json!(bytes)),
                ("ip", json!("127.0.0.1")),
            ],
        );
    }
    assert!(!site.kept.text().contains("secret") && !site.kept.text().contains(".env"));
}

#[tokio::test]
async fn panics_and_websockets_are_one_line_each() {
    let site = serve(app()).await;
    exchange(site.address, "GET /panics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let lines = access(&site.logging, &site.kept, 1).await;
    assert_fields(
        &lines[0],
        &[("outcome", json!("panicked")), ("route", json!("/panics"))],
    );

    let answer = exchange(
        site.address,
        "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    let answer = timeout(DEADLINE, pin!(answer)).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    let lines = access(&site.logging, &site.kept, 2).await;
    assert_fields(
        &lines[1],
        &[
            ("outcome", json!("answered")),
            ("status", json!(101)),
            ("route", json!("/ws")),
        ],
    );
}
