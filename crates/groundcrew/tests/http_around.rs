//! The HTTP layer around a whole router, behind a real server.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, routing::get};
use groundcrew::{
    lifecycle::{Exit, Lifecycle, Signals},
    metrics::{HttpMetrics, Registry, metrics_router},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_layer::Layer as _;

async fn serve(registry: &Registry, lifecycle: &Lifecycle) -> SocketAddr {
    let http = HttpMetrics::builder()
        .routes(["/players/{id}", "/files/{*path}"])
        .register(registry)
        .unwrap();
    let app = Router::new()
        .route(
            "/players/{id}",
            get(async || "a player").post(async || StatusCode::CREATED),
        )
        .route("/files/{*path}", get(async || "a file"))
        .route("/unlisted", get(async || "found all the same"))
        .merge(metrics_router(registry));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    lifecycle
        .serve_service(listener, http.layer().layer(app))
        .unwrap()
}

/// Asks for all of these over one connection and gives what comes back.
async fn ask(address: SocketAddr, requests: &[(&str, &str)]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (at, (method, path)) in requests.iter().enumerate() {
        let last = if at + 1 == requests.len() {
            "Connection: close\r\n"
        } else {
            ""
        };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    answers
}

#[tokio::test]
async fn requests_of_one_connection_are_counted_under_their_routes() {
    let registry = Registry::new();
    let lifecycle = Lifecycle::builder().signals(Signals::Leave).start().unwrap();
    let address = serve(&registry, &lifecycle).await;

    let requests = [
        ("GET", "/players/1"),
        ("GET", "/players/2?detail=all"),
        ("POST", "/players/3"),
        ("GET", "/files/a/b/c.txt"),
        ("GET", "/unlisted"),
        ("GET", "/wp-login.php"),
        ("DELETE", "/players/4"),
    ];
    let answers = ask(address, &requests).await;
    let scraped = ask(address, &[("GET", "/metrics")]).await;

    let statuses: Vec<&str> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|answer| answer.get(..3))
        .collect();
    assert_eq!(statuses, ["200", "200", "201", "200", "200", "404", "405"]);
    let mut counted: Vec<&str> = scraped
        .lines()
        .filter_map(|line| line.strip_prefix("http_requests_total"))
        .collect();
    counted.sort_unstable();
    let expected = [
        r#"{method="DELETE",route="/players/{id}",status_code="405"} 1"#,
        r#"{method="GET",route="/files/{*path}",status_code="200"} 1"#,
        r#"{method="GET",route="/players/{id}",status_code="200"} 2"#,
        r#"{method="GET",route="unmatched",status_code="200"} 1"#,
        r#"{method="GET",route="unmatched",status_code="404"} 1"#,
        r#"{method="POST",route="/players/{id}",status_code="201"} 1"#,
    ];
    assert_eq!(counted, expected, "{scraped}");
    // The scrape is one itself.
    assert!(scraped.contains("\nhttp_requests_in_flight 1.0\n"), "{scraped}");
    lifecycle.stop("the test is over");
    assert_eq!(lifecycle.run().await, Exit::Clean);
}
