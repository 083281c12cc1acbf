//! The routes, the JSON contract and the listener on its own thread.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use axum::{body::Body, extract::ConnectInfo};
use groundcrew_base::ManualClock;
use groundcrew_health::{
    DetailsPolicy, Error, Health, HealthConfig, ProbeListener, Registration, Verdict,
    probe::{ProbeError, probe},
};
use groundcrew_testkit::eventually;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const LIMIT: Duration = Duration::from_secs(5);

fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

async fn send(health: &Health, request: Request<Body>) -> Response<Body> {
    health.router().oneshot(request).await.unwrap()
}

async fn get(health: &Health, path: &str) -> (StatusCode, String) {
    let response = send(health, request(Method::GET, path)).await;
    let status = response.status();
    (status, text(response).await)
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// A service whose `database` is critical and `redis` optional; both can be switched off.
async fn service(details: DetailsPolicy) -> (Health, [Arc<AtomicBool>; 2]) {
    let switches = [Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true))];
    let [database, redis] = switches.clone();
    let check = |up: Arc<AtomicBool>| {
        move || {
            std::future::ready(if up.load(Ordering::SeqCst) {
                Verdict::healthy().detail("connection", "ok")
            } else {
                Verdict::unhealthy("cannot reach redis://:hunter2@cache")
            })
        }
    };
    let mut config = HealthConfig::default();
    config.details = details;
    config.details_token = Some("letmein".into());
    config.interval = Duration::from_millis(20);
    let health = Health::builder("1.4.0")
        .config(config)
        .check("database", check(database))
        .register(Registration::new("redis", check(redis)).optional())
        .start()
        .unwrap();
    eventually(LIMIT, "healthy", async || {
        (get(&health, "/healthz").await.1 == "healthy\n").then_some(())
    })
    .await;
    (health, switches)
}

#[tokio::test]
async fn an_optional_failure_degrades_and_a_critical_one_refuses() {
    let (health, [database, redis]) = service(DetailsPolicy::Always).await;
    assert_eq!(
        get(&health, "/readyz").await,
        (StatusCode::OK, "ready\n".to_owned())
    );
    assert_eq!(
        get(&health, "/startupz").await,
        (StatusCode::OK, "started\n".to_owned())
    );

    redis.store(false, Ordering::SeqCst);
    eventually(LIMIT, "degraded", async || {
        (get(&health, "/healthz").await == (StatusCode::OK, "degraded\n".to_owned())).then_some(())
    })
    .await;
    assert_eq!(get(&health, "/readyz").await.0, StatusCode::OK);
    assert_eq!(get(&health, "/api/health").await.0, StatusCode::OK);
    assert_eq!(
        get(&health, "/healthz/redis").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );

    database.store(false, Ordering::SeqCst);
    eventually(LIMIT, "not ready", async || {
        let refused = (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: database is unhealthy\n".to_owned(),
        );
        (get(&health, "/readyz").await == refused).then_some(())
    })
    .await;
    assert_eq!(
        get(&health, "/api/health").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        get(&health, "/livez").await,
        (StatusCode::OK, "alive\n".to_owned())
    );
    assert_eq!(get(&health, "/startupz").await.0, StatusCode::OK);
    assert_eq!(get(&health, "/healthz/nothing").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn api_health_is_the_json_of_the_contract() {
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_millis(1_763_787_600_042));
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Always;
    let health = Health::builder("1.4.0")
        .config(config)
        .clock(clock.clock())
        .check("database", || async {
            Verdict::healthy().detail("connection", "ok")
        })
        .register(Registration::new("redis", std::future::pending).optional())
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let body = get(&health, "/api/health").await.1;

    let uptime = health.report().uptime.as_millis();
    let uptime = serde_json::to_string(&(f64::from(u32::try_from(uptime).unwrap()) / 1e3)).unwrap();
    assert_eq!(
        body,
        format!(
            r#"{{"status":"degraded","timestamp":"2025-11-22T05:00:00.042Z","version":"1.4.0","uptime":{uptime},"#
        ) + r#""checks":{"database":{"status":"healthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"connection":"ok"}},"redis":{"status":"unhealthy","timestamp":"2025-11-22T05:00:00.042Z","duration":0.0,"details":{"reason":"has not run yet"}}}}"#
    );
}

#[tokio::test]
async fn answers_are_not_cached_and_head_has_no_body() {
    let (health, _) = service(DetailsPolicy::Always).await;

    for path in [
        "/livez",
        "/readyz",
        "/startupz",
        "/healthz",
        "/healthz/redis",
        "/api/health",
    ] {
        let response = send(&health, request(Method::HEAD, path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(text(response).await, "", "{path}");

        let refused = send(&health, request(Method::POST, path)).await;
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(refused.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(refused.headers()[header::ALLOW], "GET,HEAD", "{path}");
    }
    let json = send(&health, request(Method::GET, "/api/health")).await;
    assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
}

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
        let (health, [_, redis]) = service(policy).await;
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
    let (health, _) = service(DetailsPolicy::Loopback).await;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_probes_cause_no_run() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let check = Registration::new("database", move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Verdict::healthy())
    });
    let health = Health::builder("1")
        .register(check.interval(Duration::from_secs(60)))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let probes: tokio::task::JoinSet<_> = (0..1000)
        .map(|at| {
            let path = ["/readyz", "/api/health", "/healthz/database", "/livez"][at % 4];
            health.router().oneshot(request(Method::GET, path))
        })
        .collect();
    let answers = probes.join_all().await;

    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_blocked_runtime_is_seen_from_the_probe_thread() {
    let (release, blocked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let (see, seen) = tokio::sync::oneshot::channel();
    let service = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut config = HealthConfig::default();
            config.stall_limit = Duration::from_millis(300);
            let health = Health::builder("1").config(config).start().unwrap();
            let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
            eventually(LIMIT, "alive", async || health.liveness().ok()).await;
            tell.send(probes.address()).unwrap();
            // It turns until it has been seen to.
            seen.await.unwrap();
            assert!(blocked.recv().is_err());
            eventually(LIMIT, "alive again", async || health.liveness().ok()).await;
            assert!(probes.shutdown(LIMIT).await.is_clean());
        });
    });
    let livez = format!("http://{}/livez", told.recv().unwrap());

    let began = std::time::Instant::now();
    while probe(&livez, LIMIT).is_err() {
        assert!(began.elapsed() < LIMIT, "never seen to turn");
    }
    see.send(()).unwrap();
    let stalled = loop {
        match probe(&livez, LIMIT) {
            Ok(_) => assert!(began.elapsed() < LIMIT, "never seen to stall"),
            Err(error) => break error,
        }
    };
    assert!(matches!(stalled, ProbeError::Status { status: 503 }), "{stalled}");
    drop(release);
    service.join().unwrap();
    assert!(matches!(probe(&livez, LIMIT), Err(ProbeError::Io(_))));
}

#[tokio::test]
async fn a_token_of_nothing_is_none() {
    let mut config = HealthConfig::default();
    config.details = DetailsPolicy::Token;
    config.details_token = Some("".into());

    let refused = Health::builder("1").config(config).start();

    assert!(matches!(refused, Err(Error::NoToken)), "{refused:?}");
}

/// The head of the answer to `request` on a connection of its own.
fn head_of(address: SocketAddr, request: &str) -> String {
    use std::io::{Read as _, Write as _};

    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split("\r\n\r\n").next().unwrap().to_owned()
}

/// A refusal that a proxy keeps would outlive its reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_of_the_listener_may_be_kept() {
    let health = Health::builder("1").start().unwrap();
    let router = health.router().route(
        "/kept",
        axum::routing::get(async || ([(header::CACHE_CONTROL, "max-age=1")], "")),
    );
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), router).unwrap();
    let address = probes.address();

    let asking = move || {
        for (line, status) in [
            ("GET /livez", 200),
            ("HEAD /api/health", 200),
            ("POST /livez", 405),
            ("DELETE /api/health", 405),
            ("OPTIONS /readyz", 405),
            ("GET /nothing", 404),
            ("GET /readyz/nothing", 404),
            ("GET /healthz/%FF", 404),
            ("GET /healthz?tag=nothing", 404),
            ("GET /api/health?format=xml", 400),
        ] {
            let head = head_of(
                address,
                &format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            );
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {head}");
            assert_eq!(
                head.matches("cache-control: no-store").count(),
                1,
                "{line}: {head}"
            );
        }
        let kept = head_of(
            address,
            "GET /kept HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        );
        assert!(kept.contains("cache-control: max-age=1"), "{kept}");
    };
    tokio::task::spawn_blocking(asking).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let health = Health::builder("1").start().unwrap();
    let first = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();

    let second = ProbeListener::bind(first.address(), health.router()).unwrap_err();

    assert_eq!(
        second.to_string(),
        format!("listening for probes on {}", first.address())
    );
    let Error::Bind { source, .. } = second else {
        panic!("{second}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(first.shutdown(LIMIT).await.is_clean());
    ProbeListener::bind(first.address(), health.router()).unwrap();
}
