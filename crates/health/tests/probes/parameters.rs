//! Parameters that are many, or that others have.

use groundcrew_health::{DetailsPolicy, Registration, Verdict};
use groundcrew_testkit::eventually;
use http::StatusCode;

use crate::{
    LIMIT, get,
    service::{builder, mixed},
};

/// One that is dropped without a word may be the one that matters.
#[tokio::test(start_paused = true)]
async fn more_parameters_than_are_read_are_refused() {
    let down = || async { Verdict::unhealthy("refused") };
    let health = builder(DetailsPolicy::Always)
        .register(Registration::new("database", down))
        .start()
        .unwrap();
    eventually(LIMIT, "started", async || health.report().blocking().map(drop)).await;
    let query = |others: usize| format!("{}exclude=database", "exclude=mail&".repeat(others));

    for path in ["/readyz", "/healthz", "/api/health"] {
        assert_eq!(
            get(&health, &format!("{path}?{}", query(63))).await.0,
            StatusCode::OK,
            "{path}"
        );
        assert_eq!(
            get(&health, &format!("{path}?{}", query(64))).await,
            (
                StatusCode::BAD_REQUEST,
                "too many parameters: expected at most 64\n".to_owned()
            ),
            "{path}"
        );
    }
    assert_eq!(
        get(&health, &format!("/healthz/database?{}", query(64))).await.0,
        StatusCode::BAD_REQUEST
    );
}

/// A process is not restarted for the sake of a parameter. Those behind the 64th are not read.
#[tokio::test]
async fn liveness_is_never_refused_for_its_parameters() {
    let health = builder(DetailsPolicy::Never).start().unwrap();
    eventually(LIMIT, "alive", async || health.liveness().ok()).await;
    let many = "x=1&".repeat(1000);

    for query in ["format=x", "tag=none", "fresh=1", "%FF=%FF&%", "&&=&", &many] {
        for (probe, word) in [
            ("/livez", "alive\n"),
            ("/startupz", "started\n"),
            ("/livez/runtime", "ok\n"),
        ] {
            let path = format!("{probe}?{query}");
            assert_eq!(
                get(&health, &path).await,
                (StatusCode::OK, word.to_owned()),
                "{path}"
            );
        }
    }
    assert_eq!(
        get(&health, &format!("/livez?verbose&{many}")).await.1,
        "[+]runtime ok\nlivez check passed\n"
    );
}

/// What has one format alone.
#[tokio::test(start_paused = true)]
async fn a_format_is_nothing_to_a_probe() {
    let health = mixed(DetailsPolicy::Never).await;

    for (path, word) in [
        ("/readyz?format=x", "ready\n"),
        ("/healthz?format=x", "degraded\n"),
        ("/readyz/database?format=x", "ok\n"),
    ] {
        assert_eq!(
            get(&health, path).await,
            (StatusCode::OK, word.to_owned()),
            "{path}"
        );
    }
    for path in [
        "/api/health?format=x",
        "/healthz/database?format=x",
        "/api/health?format",
    ] {
        assert_eq!(get(&health, path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
}
