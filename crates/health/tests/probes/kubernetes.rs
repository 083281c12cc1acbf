//! The text of Kubernetes.

use groundcrew_health::{DetailsPolicy, Health, NotReady, Registration, Selection, Status, Verdict};
use groundcrew_testkit::eventually;
use http::StatusCode;

use crate::{
    LIMIT, get,
    service::{builder, mixed},
};

fn ok(text: &str) -> (StatusCode, String) {
    (StatusCode::OK, text.to_owned())
}

fn refused(text: &str) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
}

/// A service that drains.
async fn drained() -> Health {
    let health = builder(DetailsPolicy::Always)
        .check("database", || async { Verdict::healthy() })
        .gate(|| Err("draining"))
        .start()
        .unwrap();
    eventually(LIMIT, "asked", async || {
        (health.report().status == Status::Healthy).then_some(())
    })
    .await;
    health
}

#[tokio::test(start_paused = true)]
async fn verbose_is_the_text_of_kubernetes() {
    let health = mixed(DetailsPolicy::Always).await;

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
    let health = mixed(DetailsPolicy::Never).await;

    assert_eq!(
        get(&health, "/healthz?verbose").await.1,
        "[+]database ok\n[-]mail failed, optional: reason withheld\n\
         [+]licence degraded: reason withheld\nhealthz check passed\n"
    );
}

/// What a probe shows has a path, and can be left out.
#[tokio::test(start_paused = true)]
async fn the_gate_has_a_path_and_can_be_left_out() {
    let (well, drained) = (mixed(DetailsPolicy::Always).await, drained().await);

    assert_eq!(get(&well, "/readyz/gate").await, ok("ok\n"));
    assert_eq!(
        get(&drained, "/readyz/gate").await,
        refused("not ready: draining\n")
    );
    assert_eq!(get(&drained, "/readyz?exclude=gate").await, ok("ready\n"));
    assert_eq!(
        get(&drained, "/readyz?verbose&exclude=gate").await,
        ok("[+]gate excluded: ok\n[+]database ok\nreadyz check passed\n")
    );
    assert_eq!(
        get(&drained, "/readyz?verbose&exclude=database").await,
        refused("[-]gate failed: draining\n[+]database excluded: ok\nreadyz check failed\n")
    );
    // Who leaves it out has not seen a start.
    assert_eq!(get(&drained, "/startupz").await, refused("starting: draining\n"));
    // It is no check, and no part of what knows checks alone.
    assert_eq!(get(&drained, "/healthz/gate").await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        get(&drained, "/healthz?verbose&exclude=gate").await.1,
        "[+]database ok\nwarn: some health checks cannot be excluded: no matches for \"gate\"\n\
         healthz check passed\n"
    );
    assert_eq!(drained.readiness_of(&Selection::all().except("gate")), Ok(()));
    assert_eq!(
        drained.readiness_of(&Selection::one("database")),
        Err(NotReady::Gate("draining"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_may_be_named_as_the_gate_is() {
    let down = || async { Verdict::unhealthy("closed") };
    let gate = Registration::new("gate", down);
    let health = builder(DetailsPolicy::Always).register(gate).start().unwrap();
    eventually(LIMIT, "asked", async || {
        let report = health.report();
        (report.check("gate")?.status() == Status::Unhealthy).then_some(())
    })
    .await;

    assert_eq!(
        get(&health, "/readyz/gate").await,
        refused("not ready: gate is unhealthy\n")
    );
    assert_eq!(get(&health, "/readyz?exclude=gate").await, ok("ready\n"));
}

#[tokio::test]
async fn the_runtime_has_a_path_and_can_be_left_out() {
    let health = builder(DetailsPolicy::Never).start().unwrap();
    eventually(LIMIT, "alive", async || health.liveness().ok()).await;

    assert_eq!(get(&health, "/livez/runtime").await, ok("ok\n"));
    assert_eq!(get(&health, "/livez/runtime?verbose").await, ok("ok\n"));
    assert_eq!(
        get(&health, "/livez?verbose&exclude=runtime").await,
        ok("[+]runtime excluded: ok\nlivez check passed\n")
    );
    assert_eq!(
        get(&health, "/livez?verbose&exclude=database&exclude=%22").await,
        ok(
            "[+]runtime ok\nwarn: some health checks cannot be excluded: no matches for \"database\",\"\\\"\"\n\
            livez check passed\n"
        )
    );
    for path in ["/livez/database", "/livez/gate", "/livez/%FF"] {
        assert_eq!(get(&health, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

/// The texts of probes that fail.
#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_says_so_verbosely() {
    let down = || async { Verdict::unhealthy("cannot reach postgres://app:hunter2@db") };
    let service = async |details| {
        let health = builder(details)
            .check("database", down)
            .register(Registration::new("queue", std::future::pending))
            .start()
            .unwrap();
        eventually(LIMIT, "asked", async || {
            let report = health.report();
            (report.check("database")?.status() == Status::Unhealthy).then_some(())
        })
        .await;
        health
    };
    let (shown, withheld) = (
        service(DetailsPolicy::Always).await,
        service(DetailsPolicy::Never).await,
    );

    let told = "[-]database failed: cannot reach postgres://app:***@db\n[-]queue unknown: has not run yet\n";
    let hidden = "[-]database failed: reason withheld\n[-]queue unknown: reason withheld\n";
    for (health, checks) in [(&shown, told), (&withheld, hidden)] {
        assert_eq!(
            get(health, "/readyz?verbose").await,
            refused(&format!("[+]gate ok\n{checks}readyz check failed\n"))
        );
        assert_eq!(
            get(health, "/startupz?verbose").await,
            refused(&format!("[+]gate ok\n{checks}startupz check failed\n"))
        );
        assert_eq!(
            get(health, "/healthz?verbose").await,
            refused(&format!("{checks}healthz check failed\n"))
        );
        assert_eq!(
            get(health, "/livez?verbose").await,
            ok("[+]runtime ok\nlivez check passed\n")
        );
    }
}

/// A reason is a stranger's, and whoever reads the text may sit at a terminal.
#[tokio::test(start_paused = true)]
async fn a_reason_has_one_line_and_commands_no_terminal() {
    let reason = "a\r\nb\u{1b}[2Jc\u{7}d\u{2028}e\u{85}f\tg";
    let odd = move || async move { Verdict::degraded(reason) };
    let health = builder(DetailsPolicy::Always).check("odd", odd).start().unwrap();
    eventually(LIMIT, "asked", async || health.readiness().ok()).await;

    let (_, text) = get(&health, "/readyz?verbose").await;

    assert_eq!(text.lines().count(), 3, "{text:?}");
    assert_eq!(
        text,
        "[+]gate ok\n[+]odd degraded: a  b [2Jc d e f g\nreadyz check passed\n"
    );
}
