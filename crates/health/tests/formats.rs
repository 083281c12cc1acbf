//! The formats of `/api/health`, the text of Kubernetes, groups, fresh answers and the history.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use axum::body::Body;
use groundcrew_base::ManualClock;
use groundcrew_health::{
    DetailsPolicy, Error, Health, HealthBuilder, HealthConfig, NotReady, Registration, Selection, Status,
    Verdict,
};
use groundcrew_testkit::eventually;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

const LIMIT: Duration = Duration::from_secs(5);

async fn ask(
    health: &Health,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> (StatusCode, String, String) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = health.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .map_or("", |kind| kind.to_str().unwrap());
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        kind.to_owned(),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

async fn get(health: &Health, path: &str) -> (StatusCode, String) {
    let (status, _, body) = ask(health, path, &[]).await;
    (status, body)
}

async fn document(health: &Health, path: &str) -> Value {
    serde_json::from_str(&get(health, path).await.1).unwrap()
}

fn builder(details: DetailsPolicy) -> HealthBuilder {
    let mut config = HealthConfig::default();
    config.details = details;
    config.details_token = Some("letmein".into());
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_millis(1_763_787_600_042));
    Health::builder("1.4.0").config(config).clock(clock.clock())
}

/// A database that is well, a mail server that is not, and a licence that ends.
async fn service(details: DetailsPolicy) -> Health {
    let database = || async { Verdict::healthy().detail("connection", "ok") };
    let mail = || async { Verdict::unhealthy("cannot reach smtp://app:hunter2@mail") };
    let licence = || async { Verdict::degraded("ends\nsoon").detail("days", 3_u64) };
    let health = builder(details)
        .register(Registration::new("database", database).tag("storage").tag("all"))
        .register(Registration::new("mail", mail).optional().tag("all"))
        .register(Registration::new("licence", licence).informational())
        .start()
        .unwrap();
    eventually(LIMIT, "all asked", async || {
        let report = health.report();
        let mut checks = report.checks.iter();
        checks
            .all(|check| check.status() != Status::Unknown)
            .then_some(())
    })
    .await;
    health
}

#[tokio::test(start_paused = true)]
async fn verbose_is_the_text_of_kubernetes() {
    let health = service(DetailsPolicy::Always).await;

    assert_eq!(
        get(&health, "/readyz?verbose").await,
        (
            StatusCode::OK,
            "[+]gate ok\n[+]database ok\n[-]mail failed, optional: cannot reach smtp://app:***@mail\n\
             [+]licence degraded: ends soon\nreadyz check passed\n"
                .to_owned()
        )
    );
    assert_eq!(
        get(&health, "/livez?verbose").await,
        (StatusCode::OK, "[+]runtime ok\nlivez check passed\n".to_owned())
    );
    assert_eq!(
        get(&health, "/startupz?verbose").await,
        (
            StatusCode::OK,
            "[+]startup ok\nstartupz check passed\n".to_owned()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_stranger_asks_verbosely_has_no_reasons() {
    let health = service(DetailsPolicy::Never).await;

    assert_eq!(
        get(&health, "/healthz?verbose").await.1,
        "[+]database ok\n[-]mail failed, optional: reason withheld\n\
         [+]licence degraded: reason withheld\nhealthz check passed\n"
    );
}

#[tokio::test(start_paused = true)]
async fn checks_are_excluded_by_name_and_chosen_by_tag() {
    let down = || async { Verdict::unhealthy("refused") };
    let health = builder(DetailsPolicy::Always)
        .register(Registration::new("database", down).tag("storage"))
        .register(Registration::new("queue", || async { Verdict::healthy() }).tag("async"))
        .start()
        .unwrap();
    eventually(LIMIT, "asked", async || {
        (document(&health, "/api/health").await["checks"]["queue"]["status"] == "healthy").then_some(())
    })
    .await;
    let code = async |path: &str| get(&health, path).await.0.as_u16();

    assert_eq!(code("/readyz").await, 503);
    assert_eq!(code("/readyz?exclude=database").await, 200);
    assert_eq!(code("/readyz?exclude=queue").await, 503);
    assert_eq!(code("/healthz?tag=async").await, 200);
    assert_eq!(code("/healthz?tag=storage").await, 503);
    assert_eq!(code("/healthz?tag=storage&tag=async&exclude=database").await, 200);
    assert_eq!(code("/readyz/database").await, 503);
    assert_eq!(code("/readyz/queue").await, 200);
    assert_eq!(code("/readyz/nothing").await, 404);
    assert_eq!(code("/readyz/%FF").await, 404);
    let chosen = document(&health, "/api/health?tag=async").await;
    assert_eq!(chosen["status"], "healthy");
    assert_eq!(
        chosen["checks"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["queue"]
    );
    assert_eq!(
        get(&health, "/readyz?verbose&exclude=database&exclude=typo").await,
        (
            StatusCode::OK,
            "[+]gate ok\n[+]database excluded: ok\n[+]queue ok\n\
             warn: some health checks cannot be excluded: no matches for \"typo\"\nreadyz check passed\n"
                .to_owned()
        )
    );
    assert_eq!(health.readiness_of(&Selection::all().except("database")), Ok(()));
}

/// What nobody has is not well, for a slip of the pen in a probe would keep it green for good.
#[tokio::test(start_paused = true)]
async fn a_tag_that_no_check_has_is_refused() {
    let queue = Registration::new("queue", || async { Verdict::healthy() }).tag("async");
    let health = builder(DetailsPolicy::Always).register(queue).start().unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    for path in [
        "/readyz?tag=typo",
        "/readyz?tag=typo&verbose",
        "/readyz?tag=async&tag=typo",
        "/healthz?tag=typo",
        "/healthz?verbose&tag=typo",
        "/api/health?tag=typo",
        "/api/health?tag=typo&fresh=1&format=ui",
    ] {
        assert_eq!(
            get(&health, path).await,
            (StatusCode::NOT_FOUND, "no such tag\n".to_owned()),
            "{path}"
        );
    }
    assert_eq!(
        health.readiness_of(&Selection::all().tag("typo")),
        Err(NotReady::UnknownTag { tag: "typo".into() })
    );
    assert_eq!(
        health.report().of(&Selection::all().tag("typo")).status,
        Status::Unhealthy
    );
    assert_eq!(
        health.report().of(&Selection::one("typo")).status,
        Status::Unhealthy
    );
    // They have no groups, and are never refused for one.
    for path in ["/livez?tag=typo", "/startupz?tag=typo"] {
        assert_eq!(get(&health, path).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn health_json_is_that_of_its_draft() {
    let health = service(DetailsPolicy::Always).await;

    let (status, kind, body) = ask(
        &health,
        "/api/health",
        &[(header::ACCEPT, "application/health+json")],
    )
    .await;
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let time = "2025-11-22T05:00:00.042Z";
    for check in body["checks"].as_object_mut().unwrap().values_mut() {
        assert!(check[0]["observedValue"].take().is_number());
    }

    assert_eq!(
        (status, kind.as_str()),
        (StatusCode::OK, "application/health+json")
    );
    let component = |name: &str, status: &str| json!({ "componentId": name, "status": status, "observedValue": null, "observedUnit": "ms", "time": time });
    let with = |mut component: Value, fields: Value| {
        component
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        json!([component])
    };
    assert_eq!(
        body,
        json!({
            "status": "warn",
            "version": "1.4.0",
            "releaseId": "1.4.0",
            "checks": {
                "database:responseTime": with(component("database", "pass"), json!({ "details": { "connection": "ok" } })),
                "mail:responseTime": with(component("mail", "fail"), json!({ "output": "cannot reach smtp://app:***@mail" })),
                "licence:responseTime": with(component("licence", "warn"), json!({ "output": "ends\nsoon", "details": { "days": 3 } })),
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn the_ui_of_xabaril_finds_its_fields() {
    let health = service(DetailsPolicy::Always).await;

    let (status, kind, body) = ask(&health, "/api/health?format=ui", &[]).await;
    let body: Value = serde_json::from_str(&body).unwrap();

    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/json"));
    assert_eq!(body["status"], "Degraded");
    assert_eq!(body["totalDuration"], "00:00:00.0000000");
    assert_eq!(
        body["entries"]["database"],
        json!({ "data": { "connection": "ok" }, "duration": "00:00:00.0000000", "status": "Healthy", "tags": ["storage", "all"] })
    );
    assert_eq!(body["entries"]["mail"]["status"], "Unhealthy");
    assert_eq!(
        body["entries"]["mail"]["description"],
        "cannot reach smtp://app:***@mail"
    );
}

#[tokio::test(start_paused = true)]
async fn strangers_see_statuses_alone_in_every_format() {
    let health = service(DetailsPolicy::Never).await;

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

#[tokio::test(start_paused = true)]
async fn a_thousand_who_want_fresh_answers_cause_one_run() {
    let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (counted, wait) = (Arc::clone(&runs), Arc::clone(&go));
    let check = move || {
        let (counted, wait) = (Arc::clone(&counted), Arc::clone(&wait));
        async move {
            if counted.fetch_add(1, Ordering::SeqCst) > 0 {
                wait.notified().await;
            }
            Verdict::healthy().detail("run", counted.load(Ordering::SeqCst))
        }
    };
    let slow = Registration::new("slow", check)
        .interval(Duration::from_secs(3600))
        .deadline(Duration::from_secs(3600));
    let health = builder(DetailsPolicy::Token).register(slow).start().unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    tokio::time::advance(Duration::from_secs(10)).await;

    let bearer = [(header::AUTHORIZATION, "Bearer letmein")];
    let asked = (0..1000).map(|_| ask(&health, "/healthz/slow?fresh=1", &bearer));
    let asked: Vec<_> = asked.map(Box::pin).collect();
    let (answers, ()) = tokio::join!(all(asked), async {
        eventually(LIMIT, "the second run", async || {
            (runs.load(Ordering::SeqCst) == 2).then_some(())
        })
        .await;
        go.notify_one();
    });

    assert_eq!(answers.len(), 1000);
    for (status, _, body) in answers {
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains(r#""run":2"#), "{body}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    // What is a moment old is fresh.
    assert_eq!(
        ask(&health, "/healthz/slow?fresh=1", &bearer).await.0,
        StatusCode::OK
    );
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

async fn all<F: Future>(futures: Vec<std::pin::Pin<Box<F>>>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(Some).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut pending {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                outputs.push(output);
                *slot = None;
            }
        }
        if pending.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_fresh_answer_is_not_kept_by_a_check_that_hangs() {
    let hangs = Registration::new("hangs", std::future::pending).deadline(Duration::from_secs(2));
    let health = builder(DetailsPolicy::Always).register(hangs).start().unwrap();

    let report = tokio::time::timeout(Duration::from_secs(5), health.fresh(&Selection::all()))
        .await
        .unwrap();

    let hangs = report.check("hangs").unwrap();
    assert_eq!(hangs.verdict.reason(), Some("no answer within 2s"));
}

#[tokio::test(start_paused = true)]
async fn transitions_are_told_and_kept() {
    let runs = Arc::new(AtomicU32::new(0));
    let flapping = move || {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        async move {
            if run.is_multiple_of(2) {
                Verdict::healthy()
            } else {
                Verdict::unhealthy("password=hunter2 refused")
            }
        }
    };
    let (told, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU32::new(0)));
    let (tell, see) = (Arc::clone(&told), Arc::clone(&seen));
    let health = builder(DetailsPolicy::Always)
        .register(Registration::new("database", flapping).thresholds(1, 1))
        .on_transition(|_| panic!("a listener that panics"))
        .on_transition(move |transition| {
            tell.lock().unwrap().push((transition.from, transition.to));
            see.fetch_add(1, Ordering::SeqCst);
        })
        .start()
        .unwrap();
    eventually(Duration::from_secs(600), "many", async || {
        (seen.load(Ordering::SeqCst) > 120).then_some(())
    })
    .await;

    let (up, down) = (Status::Healthy, Status::Unhealthy);
    assert_eq!(
        told.lock().unwrap()[..3],
        [(Status::Unknown, up), (up, down), (down, up)]
    );
    let history = health.history();
    assert_eq!(history.len(), 100);
    assert!(history.windows(2).all(|pair| pair[0].to == pair[1].from));
    let shown = document(&health, "/api/health/history").await;
    let failed = shown
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["to"] == "unhealthy")
        .unwrap();
    assert_eq!(failed["check"], "database");
    assert_eq!(failed["importance"], "critical");
    assert_eq!(failed["from"], "healthy");
    assert_eq!(failed["reason"], "password=*** refused");
    assert_eq!(failed["timestamp"], "2025-11-22T05:00:00.042Z");
    assert!(failed["after"].as_f64().unwrap() > 0.2, "{failed}");
}

#[tokio::test]
async fn a_tag_that_cannot_stand_in_a_url_is_refused() {
    let check = Registration::new("database", || async { Verdict::healthy() }).tag("Storage!");

    let error = builder(DetailsPolicy::Never).register(check).start().unwrap_err();

    assert!(matches!(error, Error::InvalidTag { .. }));
    assert_eq!(
        error.to_string(),
        "tag \"Storage!\" of database: expected 1 to 64 of a-z, 0-9, '_', '-', '.'"
    );
}
