//! What the log is told of transitions, and what becomes an alert.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use groundcrew_health::{Health, Registration, Status, Verdict};
use groundcrew_logging::{Alert, AlertState, Logging};
use groundcrew_testkit::{Events, Fields};
use tracing_subscriber::prelude::*;

#[path = "support/pace.rs"]
mod pace;

use crate::pace::{passes, status};

const LIMIT: Duration = Duration::from_secs(60);

fn fields<const N: usize>(pairs: [(&'static str, &str); N]) -> Fields {
    pairs.map(|(name, value)| (name, value.to_owned())).into()
}

/// A check that says what was last set.
fn says(first: Verdict) -> (Arc<Mutex<Verdict>>, impl Fn() -> std::future::Ready<Verdict>) {
    let verdict = Arc::new(Mutex::new(first));
    let said = Arc::clone(&verdict);
    (verdict, move || std::future::ready(said.lock().unwrap().clone()))
}

/// Makes a check say `verdict`, and waits until it is believed.
async fn turn(health: &Health, check: &str, said: &Mutex<Verdict>, verdict: Verdict) {
    let expected = verdict.status();
    *said.lock().unwrap() = verdict;
    passes(LIMIT, || status(health, check) == expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_fires_an_alert_which_its_recovery_resolves() {
    let (events, _guard) = Events::of("groundcrew::health");
    let (said, check) = says(Verdict::healthy());
    let health = Health::builder("1").check("database", check).start().unwrap();
    passes(LIMIT, || health.readiness().is_ok()).await;
    let first = [
        ("message", "check changed"),
        ("check", "database"),
        ("from", "unknown"),
        ("to", "healthy"),
        ("importance", "critical"),
        ("level", "DEBUG"),
    ];
    assert_eq!(events.take(), [fields(first)]);

    let refused = Verdict::unhealthy("cannot reach postgres://app:hunter2@db");
    turn(&health, "database", &said, refused).await;
    assert_eq!(
        events.take(),
        [fields([
            ("message", "check changed"),
            ("check", "database"),
            ("from", "healthy"),
            ("to", "unhealthy"),
            ("importance", "critical"),
            ("reason", "cannot reach postgres://app:***@db"),
            ("severity", "critical"),
            ("alert.key", "health/database"),
            ("alert.state", "firing"),
            ("level", "WARN"),
        ])]
    );

    turn(&health, "database", &said, Verdict::healthy()).await;
    assert_eq!(
        events.take(),
        [fields([
            ("message", "check changed"),
            ("check", "database"),
            ("from", "unhealthy"),
            ("to", "healthy"),
            ("importance", "critical"),
            ("severity", "critical"),
            ("alert.key", "health/database"),
            ("alert.state", "resolved"),
            ("level", "INFO"),
        ])]
    );
}

/// As bad as what holds; of what is over, as bad as it was.
#[tokio::test(start_paused = true)]
async fn the_severity_follows_the_importance_and_what_is_believed() {
    let (events, _guard) = Events::of("groundcrew::health");
    let states = [
        ("down", "firing"),
        ("slow", "firing"),
        ("well", "resolved"),
        ("slow", "firing"),
        ("well", "resolved"),
    ];
    let severities = [
        (
            (|check| check) as fn(Registration) -> Registration,
            ["critical", "warning", "warning", "warning", "warning"],
        ),
        (Registration::optional, ["warning"; 5]),
        (Registration::informational, ["info"; 5]),
    ];

    for (importance, severities) in severities {
        let (said, check) = says(Verdict::healthy());
        let registration = importance(Registration::new("x", check));
        let health = Health::builder("1").register(registration).start().unwrap();
        passes(LIMIT, || status(&health, "x") == Status::Healthy).await;
        events.take();
        for ((word, state), severity) in states.into_iter().zip(severities) {
            let verdict = match word {
                "down" => Verdict::unhealthy("down"),
                "slow" => Verdict::degraded("slow"),
                _ => Verdict::healthy(),
            };
            turn(&health, "x", &said, verdict).await;
            let told = events.take();
            assert_eq!(told.len(), 1, "{told:?}");
            let (shown, fired) = (&told[0]["severity"], &told[0]["alert.state"]);
            assert_eq!((shown.as_str(), fired.as_str()), (severity, state), "{told:?}");
        }
    }
}

/// Nobody has seen it well.
#[tokio::test(start_paused = true)]
async fn who_never_was_well_fires_and_is_resolved() {
    let (events, _guard) = Events::of("groundcrew::health");
    let (said, down) = says(Verdict::unhealthy("refused"));
    let health = Health::builder("1")
        .check("down", down)
        .register(Registration::new("hangs", std::future::pending).deadline(Duration::from_secs(1)))
        .start()
        .unwrap();
    passes(LIMIT, || events.count() == 2).await;

    let told = events.take();
    let word = |at: usize| {
        ["check", "from", "to", "reason", "severity", "alert.state"].map(|name| told[at][name].as_str())
    };
    assert_eq!(
        word(0),
        ["down", "unknown", "unhealthy", "refused", "critical", "firing"]
    );
    assert_eq!(
        word(1),
        [
            "hangs",
            "unknown",
            "unknown",
            "no answer within 1s",
            "critical",
            "firing"
        ]
    );

    turn(&health, "down", &said, Verdict::healthy()).await;
    let told = events.take();
    assert_eq!(told[0]["alert.state"], "resolved");
    assert_eq!(told[0]["level"], "INFO");
}

#[tokio::test(start_paused = true)]
async fn the_log_hands_transitions_to_whoever_gets_alerts() {
    let (send, alerts) = mpsc::channel();
    let builder = Logging::builder().alert_sink(move |alert: &Alert| drop(send.send(alert.clone())));
    let (layer, logging) = builder.build().unwrap();
    let guard = tracing_subscriber::registry().with(layer).set_default();
    let (said, check) = says(Verdict::healthy());
    let health = Health::builder("1").check("database", check).start().unwrap();
    passes(LIMIT, || health.readiness().is_ok()).await;

    turn(
        &health,
        "database",
        &said,
        Verdict::unhealthy("token=hunter2 refused"),
    )
    .await;
    turn(&health, "database", &said, Verdict::healthy()).await;
    drop(guard);
    assert!(logging.shutdown(LIMIT).is_clean());

    let shown: Vec<_> = alerts
        .try_iter()
        .map(|alert| (alert.key, alert.state, alert.severity, alert.message))
        .collect();
    let alert = |state| {
        (
            "health/database".to_owned(),
            state,
            "critical".to_owned(),
            "check changed".to_owned(),
        )
    };
    assert_eq!(shown, [alert(AlertState::Firing), alert(AlertState::Resolved)]);
}
