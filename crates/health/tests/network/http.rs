//! What HTTP answers.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::Redirect,
    routing::get,
};
use groundcrew_connect::tls::Roots;
use groundcrew_health::{
    Check, Detail, Status, Verdict,
    checks::{HttpCheck, HttpCheckError},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use crate::{
    DAY,
    authority::{Server, Validity},
};

/// Serves `router`, and gives its URL.
async fn serve(router: Router) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (base, server)
}

fn code(verdict: &Verdict) -> Option<&Detail> {
    verdict.details().find("statusCode")
}

const ANSWER: &str =
    r#"{"status":"ok","ready":true,"count":3,"load":3.0,"none":null,"deep":{"list":["a",-1]},"a/b":"~"}"#;

#[tokio::test]
async fn a_value_in_the_answer_is_compared() {
    let router = Router::new()
        .route("/", get(async || ANSWER))
        .route("/text", get(async || "hunter2"));
    let (base, _server) = serve(router).await;
    let check = |path: &str| HttpCheck::get(&format!("{base}{path}")).unwrap();
    let said = async |check: HttpCheck| check.run().await.reason().map(str::to_owned);

    let equal: [(&str, Detail); 12] = [
        ("/status", "ok".into()),
        ("/ready", true.into()),
        ("/count", 3_u64.into()),
        ("/count", 3_i64.into()),
        ("/count", 3.0.into()),
        ("/load", 3_u32.into()),
        ("/deep/list/0", "a".into()),
        ("/deep/list/1", (-1_i64).into()),
        ("/deep/list", vec![Detail::from("a"), (-1_i64).into()].into()),
        ("/a~1b", "~".into()),
        ("/count", 3.into()),
        ("/deep/list/1", (-1).into()),
    ];
    for (pointer, value) in equal {
        let check = check("/").expect_json_value(pointer, value).unwrap();
        assert_eq!(said(check).await, None, "{pointer}");
    }
    let other: [(&str, Detail); 7] = [
        ("/status", "OK".into()),
        ("/ready", "true".into()),
        ("/ready", 1_u64.into()),
        ("/count", "3".into()),
        ("/count", 3.5.into()),
        ("/deep/list", vec![Detail::from("a")].into()),
        ("/none", "null".into()),
    ];
    for (pointer, value) in other {
        let check = check("/").expect_json_value(pointer, value).unwrap();
        let reason = format!("the answer has another value at {pointer}");
        let reason = if pointer == "/none" {
            "the answer has nothing at /none".to_owned()
        } else {
            reason
        };
        assert_eq!(said(check).await, Some(reason));
    }
    let gone = check("/").expect_json_value("/gone", true).unwrap();
    assert_eq!(
        said(gone).await.as_deref(),
        Some("the answer has nothing at /gone")
    );
    let text = check("/text").expect_json_value("", "hunter2").unwrap();
    assert_eq!(said(text).await.as_deref(), Some("the answer is not JSON"));
}

#[tokio::test]
async fn all_that_is_expected_must_be_there() {
    let (base, _server) = serve(Router::new().route("/", get(async || ANSWER))).await;
    let both = |status: &'static str, pointer: &str| {
        let check = HttpCheck::get(&base).unwrap().expect_json(pointer).unwrap();
        check
            .expect_json_value("/status", status)
            .unwrap()
            .expect_json("/ready")
            .unwrap()
    };

    assert_eq!(both("ok", "/count").run().await.status(), Status::Healthy);
    assert_eq!(
        both("ok", "/gone").run().await.reason(),
        Some("the answer has nothing at /gone")
    );
    assert_eq!(
        both("down", "/count").run().await.reason(),
        Some("the answer has another value at /status")
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let followed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&followed);
    let target = get(async move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let router = Router::new()
        .route(
            "/old",
            get(async || (StatusCode::FOUND, [(header::LOCATION, "/new")])),
        )
        .route("/moved", get(async || Redirect::permanent("/new")))
        .route("/new", target);
    let (base, _server) = serve(router).await;
    let check = |path: &str| HttpCheck::get(&format!("{base}{path}")).unwrap();

    let found = check("/old").run().await;
    let moved = check("/moved").run().await;
    let meant = check("/old").expect_status([StatusCode::FOUND]).run().await;

    assert_eq!(
        (found.status(), found.reason()),
        (Status::Unhealthy, Some("the answer is 302"))
    );
    assert_eq!(code(&found), Some(&Detail::UInt(302)));
    assert_eq!(moved.reason(), Some("the answer is 308"));
    assert_eq!(meant.status(), Status::Healthy);
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

/// Answers each request with a head and a body without an end, and tells when the other side has gone.
async fn endless() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut ends = JoinSet::new();
    ends.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"8\r\ndata: 1\n\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    (base, ends)
}

/// Whether the body is of interest decides whether it is read.
#[tokio::test]
async fn a_large_page_is_well_unless_its_contents_are_asked_for() {
    let (base, _server) = serve(Router::new().route("/", get(async || "x".repeat(100 << 10)))).await;
    let check = || HttpCheck::get(&base).unwrap();

    let page = check().run().await;
    let contents = check().expect_json("").unwrap().run().await;

    assert_eq!(page, Verdict::healthy().detail("statusCode", 200_u64));
    assert_eq!(
        contents,
        Verdict::unhealthy("the body is larger than 64 KiB").detail("statusCode", 200_u64)
    );
}

#[tokio::test]
async fn a_body_without_an_end_is_well_unless_its_contents_are_asked_for() {
    let limit = Duration::from_secs(1);
    let ((page, mut page_ends), (contents, mut contents_end)) = (endless().await, endless().await);

    let page = HttpCheck::get(&page).unwrap().run().await;
    let contents = HttpCheck::get(&contents).unwrap().timeout(limit);
    let contents = contents.expect_json("/content").unwrap().run().await;

    assert_eq!(page, Verdict::healthy().detail("statusCode", 200_u64));
    assert_eq!(
        contents,
        Verdict::unhealthy("no answer within 1s").detail("statusCode", 200_u64)
    );
    // Neither connection is kept.
    for ends in [&mut page_ends, &mut contents_end] {
        ends.join_next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_login_in_the_url_arrives() {
    let answer = get(async |headers: HeaderMap| match headers.get("authorization") {
        // What `app:p@ss` is in base64.
        Some(login) if login == "Basic YXBwOnBAc3M=" => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    });
    let (base, _server) = serve(Router::new().route("/", answer)).await;
    let check = |login: &str| HttpCheck::get(&base.replace("://", &format!("://{login}"))).unwrap();

    let known = check("app:p%40ss@").run().await;
    let strangers = [check("").run().await, check("app:hunter3@").run().await];
    let gone = HttpCheck::get("http://app:hunter2@127.0.0.1:1/")
        .unwrap()
        .run()
        .await;

    assert_eq!(code(&known), Some(&Detail::UInt(200)));
    for stranger in strangers {
        assert_eq!(stranger.reason(), Some("the answer is 401"));
    }
    assert!(!format!("{gone:?}").contains("hunter2"), "{gone:?}");
}

#[tokio::test]
async fn the_token_and_headers_arrive() {
    let router = Router::new().route(
        "/",
        get(async |headers: HeaderMap| {
            let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
            if is("authorization", "Bearer letmein") && is("x-api-version", "2") {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            }
        }),
    );
    let (base, _server) = serve(router).await;
    let check = |token: &str| HttpCheck::get(&base).unwrap().bearer(&token.into()).unwrap();

    let known = check("letmein").header("x-api-version", "2").unwrap().run().await;
    let unversioned = check("letmein").run().await;
    let stranger = check("letmeout")
        .header("x-api-version", "2")
        .unwrap()
        .run()
        .await;

    assert_eq!(code(&known), Some(&Detail::UInt(200)));
    for refused in [unversioned, stranger] {
        assert_eq!(refused.reason(), Some("the answer is 401"));
        assert!(!format!("{refused:?}").contains("letme"), "{refused:?}");
    }
    let broken = HttpCheck::get(&base).unwrap().bearer(&"a\nb".into()).unwrap_err();
    assert!(matches!(broken, HttpCheckError::Header { ref name } if name == "authorization"));
}

#[tokio::test]
async fn https_is_verified() {
    let server = Server::start(Validity::until(SystemTime::now() + DAY * 90)).await;
    let expired = Server::start(Validity::until(SystemTime::now() - DAY)).await;
    let check = |server: &Server, host: &str| {
        let url = format!("https://{host}:{}/?token=hunter2", server.address.port());
        HttpCheck::get(&url).unwrap()
    };
    let trusting = |server: &Server, host: &str| check(server, host).roots(&server.roots()).unwrap();

    let good = trusting(&server, "localhost").run().await;
    assert_eq!(
        (good.status(), code(&good)),
        (Status::Healthy, Some(&Detail::UInt(200)))
    );
    for (refused, why) in [
        (check(&server, "localhost"), "UnknownIssuer"),
        (trusting(&server, "127.0.0.1"), "not valid for name"),
        (trusting(&expired, "localhost"), "expired"),
    ] {
        let verdict = refused.run().await;
        assert_eq!(verdict.status(), Status::Unhealthy, "{verdict:?}");
        let reason = verdict.reason().unwrap();
        assert!(reason.contains(why) && !reason.contains("hunter2"), "{reason}");
    }
    let nowhere = check(&server, "localhost").roots(&Roots::File("/nowhere.pem".into()));
    assert!(matches!(nowhere, Err(HttpCheckError::Tls(_))));
}
