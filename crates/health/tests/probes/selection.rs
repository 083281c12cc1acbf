//! Checks chosen by tag or left out.

use groundcrew_health::{DetailsPolicy, Error, Health, NotReady, Registration, Selection, Status, Verdict};
use groundcrew_testkit::eventually;
use http::StatusCode;

use crate::{LIMIT, code, document, get, service::builder};

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

/// A database and a queue that are down.
async fn broken() -> Health {
    let down = || async { Verdict::unhealthy("refused") };
    let health = builder(DetailsPolicy::Always)
        .register(Registration::new("database", down).tag("storage"))
        .register(Registration::new("queue", down))
        .start()
        .unwrap();
    eventually(LIMIT, "asked", async || {
        let report = health.report();
        let mut checks = report.checks.iter();
        checks
            .all(|check| check.status() == Status::Unhealthy)
            .then_some(())
    })
    .await;
    health
}

/// Who leaves everything out has asked for nothing, and that is well.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_all_is_left_out() {
    let health = broken().await;
    let all = "exclude=database&exclude=queue&exclude=database";

    for (path, word) in [("/readyz", "ready\n"), ("/healthz", "healthy\n")] {
        assert_eq!(
            get(&health, &format!("{path}?{all}")).await,
            (StatusCode::OK, word.to_owned())
        );
    }
    for format in ["json", "ui", "health%2Bjson"] {
        let (code, body) = get(&health, &format!("/api/health?{all}&format={format}")).await;
        assert_eq!(code, StatusCode::OK, "{body}");
        assert!(body.contains(r#"":{}}"#), "{body}");
    }
    assert_eq!(
        code(&health, "/readyz?tag=storage&exclude=database").await,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_is_compared_as_it_is_once_it_is_decoded() {
    let (health, refused) = (broken().await, StatusCode::SERVICE_UNAVAILABLE);

    for other in [
        "Database",
        "database%20",
        "%20database",
        "database,queue",
        "*",
        "",
    ] {
        let path = format!("/readyz?exclude=queue&exclude={other}");
        assert_eq!(code(&health, &path).await, refused, "{path}");
    }
    assert_eq!(
        code(&health, "/readyz?exclude=queue&exclude=data%62ase").await,
        StatusCode::OK
    );
    for path in ["/healthz/data%62ase", "/readyz/data%62ase"] {
        assert_eq!(code(&health, path).await, refused, "{path}");
    }
    for path in [
        "/healthz/database%2F",
        "/healthz/database/",
        "/healthz/",
        "/healthz/%00",
        "/readyz/..",
        "/api/health/x",
    ] {
        assert_eq!(code(&health, path).await, StatusCode::NOT_FOUND, "{path}");
    }
}
