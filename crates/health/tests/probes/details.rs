//! Who sees reasons and details.

use std::{net::SocketAddr, sync::atomic::Ordering};

use axum::{body::Body, extract::ConnectInfo};
use groundcrew_health::{DetailsPolicy, Error, Health, HealthConfig};
use groundcrew_testkit::eventually;
use http::{Method, Request, StatusCode, header};

use crate::{
    LIMIT, get, request, send,
    service::{mixed, switched},
    text,
};

#[tokio::test]
async fn details_are_shown_by_policy_and_never_hold_a_password() {
    let from = |peer: [u8; 4]| {
        let mut request = request(Method::GET, "/api/health");
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((peer, 5000))));
        request
    };
    let with = |name: &str, value: &str, mut request: Request<Body>| {
        let name = header::HeaderName::try_from(name).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let (near, far) = ([127, 0, 0, 1], [192, 0, 2, 7]);
    let bearer = |token: &str| with("authorization", &format!("Bearer {token}"), from(far));
    let cases = [
        (DetailsPolicy::Never, from(near), false),
        (DetailsPolicy::Loopback, from(near), true),
        (DetailsPolicy::Loopback, from(far), false),
        (
            DetailsPolicy::Loopback,
            request(Method::GET, "/api/health"),
            false,
        ),
        (
            DetailsPolicy::Loopback,
            with("x-forwarded-for", "192.0.2.7", from(near)),
            false,
        ),
        (DetailsPolicy::Token, bearer("letmein"), true),
        (DetailsPolicy::Token, bearer("letmeout"), false),
        (DetailsPolicy::Token, bearer("letmein2"), false),
        (DetailsPolicy::Token, bearer(""), false),
        (
            DetailsPolicy::Token,
            with("authorization", "bearer letmein", from(far)),
            true,
        ),
        (
            DetailsPolicy::Token,
            with("authorization", "Basic letmein", from(far)),
            false,
        ),
        (DetailsPolicy::Token, from(near), false),
        (DetailsPolicy::Always, from(far), true),
    ];

    for (policy, request, shown) in cases {
        let (health, [_, redis]) = switched(policy).await;
        redis.store(false, Ordering::SeqCst);
        eventually(LIMIT, "degraded", async || {
            (get(&health, "/healthz").await.1 == "degraded\n").then_some(())
        })
        .await;

        let body = text(send(&health, request).await).await;

        assert!(body.contains(r#""redis":{"status":"unhealthy""#), "{body}");
        assert_eq!(body.contains("redis://:***@cache"), shown, "{policy:?}: {body}");
        assert!(!body.contains("hunter2"));
    }
}

#[tokio::test]
async fn who_comes_through_a_proxy_is_no_neighbour() {
    let (health, _) = switched(DetailsPolicy::Loopback).await;

    for header in [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
        "forwarded",
        "via",
    ] {
        let mut request = request(Method::GET, "/api/health");
        let near = SocketAddr::from(([127, 0, 0, 1], 5000));
        request.extensions_mut().insert(ConnectInfo(near));
        let header = header::HeaderName::from_static(header);
        request
            .headers_mut()
            .insert(header.clone(), "edge".parse().unwrap());

        let body = text(send(&health, request).await).await;

        assert!(!body.contains("connection"), "{header}: {body}");
    }
}

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
