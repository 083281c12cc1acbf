//! Who sees reasons and details.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use groundcrew_health::{DetailsPolicy, Error, Health, HealthConfig, ProbeListener, Verdict};
use groundcrew_testkit::eventually;
use http::{Method, Request, StatusCode, header};

use crate::{LIMIT, get, listener::exchange, request, send, service::mixed, text};

#[tokio::test]
async fn a_token_of_nothing_is_none() {
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Token;
    config.details_token = Some("".into());

    let refused = Health::builder("1").config(config).start();

    assert!(matches!(refused, Err(Error::NoToken)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn strangers_see_statuses_alone_in_every_format() {
    let health = mixed(DetailsPolicy::Never).await;

    for format in ["json", "health+json", "ui"] {
        for path in [
            format!("/api/health?format={format}"),
            format!("/healthz/mail?format={format}"),
        ] {
            let (_, body) = get(&health, &path).await;
            assert!(
                body.contains("mail") || path.starts_with("/healthz/"),
                "{path}: {body}"
            );
            for secret in ["hunter2", "cannot reach", "smtp", "days", "connection"] {
                assert!(!body.contains(secret), "{path}: {body}");
            }
        }
    }
    assert_eq!(get(&health, "/api/health/history").await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&health, "/api/health?fresh=1").await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        get(&health, "/api/health?format=xml").await,
        (
            StatusCode::BAD_REQUEST,
            "no such format: expected json, health+json or ui\n".to_owned()
        )
    );
}

/// Who asks, and who of them may see details under the policies `Never`, `Loopback`, `Token` and `Always`.
const ASKING: [(&str, &str, &str, [bool; 4]); 24] = [
    ("127.0.0.1:5000", "", "", [false, true, false, true]),
    ("127.1.2.3:5000", "", "", [false, true, false, true]),
    ("[::1]:5000", "", "", [false, true, false, true]),
    ("[::ffff:127.0.0.1]:5000", "", "", [false, true, false, true]),
    ("", "", "", STRANGER),
    ("192.0.2.7:5000", "", "", STRANGER),
    ("[2001:db8::7]:5000", "", "", STRANGER),
    ("[::ffff:192.0.2.7]:5000", "", "", STRANGER),
    // Who comes through a proxy is no neighbour.
    ("127.0.0.1:5000", "x-forwarded-for", "127.0.0.1", STRANGER),
    ("127.0.0.1:5000", "x-forwarded-host", "edge", STRANGER),
    ("127.0.0.1:5000", "x-real-ip", "127.0.0.1", STRANGER),
    ("127.0.0.1:5000", "via", "1.1 edge", STRANGER),
    ("127.0.0.1:5000", "cf-connecting-ip", "192.0.2.7", STRANGER),
    ("127.0.0.1:5000", "true-client-ip", "192.0.2.7", STRANGER),
    (
        "127.0.0.1:5000",
        "x-envoy-external-address",
        "192.0.2.7",
        STRANGER,
    ),
    ("[::1]:5000", "forwarded", "for=127.0.0.1", STRANGER),
    (
        "192.0.2.7:5000",
        "authorization",
        "Bearer letmein",
        [false, false, true, true],
    ),
    (
        "192.0.2.7:5000",
        "authorization",
        "bearer letmein",
        [false, false, true, true],
    ),
    (
        "127.0.0.1:5000",
        "authorization",
        "Bearer letmein",
        [false, true, true, true],
    ),
    (
        "127.0.0.1:5000",
        "authorization",
        "Bearer letmeout",
        [false, true, false, true],
    ),
    ("192.0.2.7:5000", "authorization", "Bearer letmein2", STRANGER),
    ("192.0.2.7:5000", "authorization", "Bearer ", STRANGER),
    ("192.0.2.7:5000", "authorization", "Basic letmein", STRANGER),
    ("192.0.2.7:5000", "authorization", "letmein", STRANGER),
];

const STRANGER: [bool; 4] = [false, false, false, true];

/// What shows reasons, and what refuses those who may not see them.
const SHOWING: [&str; 9] = [
    "/api/health",
    "/api/health?tag=all",
    "/api/health?format=health%2Bjson",
    "/api/health?format=ui",
    "/healthz/mail",
    "/healthz/mail?format=health%2Bjson",
    "/healthz/mail?format=ui",
    "/readyz?verbose",
    "/healthz?verbose",
];
const FRESH: [&str; 3] = ["/api/health?fresh=1", "/healthz?fresh=1", "/healthz/mail?fresh=1"];

fn asking(path: &str, (peer, header, value, _): (&str, &str, &str, [bool; 4])) -> Request<Body> {
    let mut asking = request(Method::GET, path);
    if let Ok(peer) = peer.parse::<SocketAddr>() {
        asking.extensions_mut().insert(ConnectInfo(peer));
    }
    if let Ok(header) = header::HeaderName::try_from(header) {
        asking.headers_mut().insert(header, value.parse().unwrap());
    }
    asking
}

#[tokio::test(start_paused = true)]
async fn the_policy_holds_for_every_format() {
    let policies = [
        DetailsPolicy::Never,
        DetailsPolicy::Loopback,
        DetailsPolicy::Token,
        DetailsPolicy::Always,
    ];
    for (at, policy) in policies.into_iter().enumerate() {
        let health = mixed(policy).await;
        for who in ASKING {
            let may = who.3[at];
            for path in SHOWING {
                let answer = text(send(&health, asking(path, who)).await).await;
                assert_eq!(
                    answer.contains("cannot reach smtp://app:***@mail"),
                    may,
                    "{policy:?} {who:?} {path}: {answer}"
                );
                assert!(!answer.contains("hunter2"), "{answer}");
            }
            let may_run = match policy {
                // To run checks costs more than to read.
                DetailsPolicy::Always => who.3[1] || who.3[2],
                _ => may,
            };
            let history = [("/api/health/history", may)];
            for (path, may) in history.into_iter().chain(FRESH.map(|path| (path, may_run))) {
                let code = send(&health, asking(path, who)).await.status();
                let refused = code == StatusCode::FORBIDDEN;
                assert_eq!(refused, !may, "{policy:?} {who:?} {path}: {code}");
            }
        }
    }
}

/// The listener tells who asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_sees_details_through_the_listener() {
    let health = Health::builder("1")
        .check("mail", || async {
            Verdict::degraded("slow").detail("waits", 7_u64)
        })
        .start()
        .unwrap();
    eventually(LIMIT, "asked", async || health.readiness().ok()).await;
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
    let address = probes.address();

    let answers = tokio::task::spawn_blocking(move || {
        ["", "x-forwarded-for: 127.0.0.1\r\n", "via: 1.1 edge\r\n"].map(|header| {
            exchange(
                address,
                &format!("GET /api/health HTTP/1.1\r\nhost: x\r\n{header}connection: close\r\n\r\n"),
            )
        })
    });
    let [near, forwarded, via] = answers.await.unwrap();

    assert!(
        near.contains(r#""details":{"waits":7,"reason":"slow"}"#),
        "{near}"
    );
    for far in [forwarded, via] {
        assert!(far.contains(r#""status":"degraded""#), "{far}");
        assert!(far.contains(r#""details":{}"#), "{far}");
    }
}
