//! What the log is told of tasks that fail, and what becomes an alert.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::time::Duration;

use groundcrew_base::Backoff;
use groundcrew_lifecycle::{Exit, Lifecycle, RestartPolicy, Signals};
use groundcrew_testkit::{Events, Fields};
use tracing::subscriber::DefaultGuard;

use crate::settings::lifecycle;

fn started() -> (Events, DefaultGuard) {
    Events::of("groundcrew::lifecycle")
}

/// Those that name a task.
fn of_tasks(events: &Events) -> Vec<Fields> {
    let told = events.take().into_iter();
    told.filter(|fields| fields.contains_key("task")).collect()
}

fn firing(task: &str, error: &str, message: &str) -> Fields {
    let alert = [
        ("level", "ERROR"),
        ("severity", "critical"),
        ("alert.state", "firing"),
        ("task", task),
        ("error", error),
        ("message", message),
    ];
    let mut fields: Fields = alert
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    fields.insert("alert.key", format!("task/{task}"));
    fields
}

async fn ready() -> Lifecycle {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.ready().await.unwrap();
    lifecycle
}

#[tokio::test(start_paused = true)]
async fn a_critical_task_that_fails_is_an_alert_without_credentials() {
    let (events, _guard) = started();
    let lifecycle = ready().await;

    lifecycle.spawn("mailer", async {
        Err::<(), _>("cannot reach redis://app:hunter2@cache")
    });

    assert_eq!(lifecycle.run().await, Exit::Error);
    let error = "cannot reach redis://app:***@cache";
    assert_eq!(
        of_tasks(&events),
        [firing("mailer", error, "a critical task failed")]
    );
}

fn gives_up() {
    panic!("password=hunter2");
}

#[tokio::test(start_paused = true)]
async fn a_critical_task_that_panics_is_an_alert() {
    let (events, _guard) = started();
    let lifecycle = ready().await;

    lifecycle.spawn("mailer", async { gives_up() });

    assert_eq!(lifecycle.run().await, Exit::Panic);
    let alert = firing("mailer", "password=***", "a critical task panicked");
    assert_eq!(of_tasks(&events), [alert]);
}

#[tokio::test(start_paused = true)]
async fn restarts_are_warnings_and_the_end_of_them_is_an_alert() {
    let (events, _guard) = started();
    let lifecycle = ready().await;
    let second = Duration::from_secs(1);
    let policy = RestartPolicy::from(Backoff::new(second, second).jitter(0.0)).at_most(2, second * 60);

    lifecycle.spawn_restarting("poller", policy, || async { Err::<(), _>("no answer") });
    tokio::time::sleep(second * 10).await;

    let events = of_tasks(&events);
    assert_eq!(events.len(), 3, "{events:?}");
    for restart in &events[..2] {
        assert_eq!(
            (&*restart["level"], &*restart["task"], &*restart["error"]),
            ("WARN", "poller", "no answer")
        );
        assert_eq!(restart["restart_in_ms"], "1000.0");
        assert!(!restart.contains_key("alert.key"), "{restart:?}");
    }
    let message = "a task failed too often and is given up";
    assert_eq!(events[2], firing("poller", "no answer", message));
    lifecycle.stop("test");
    assert_eq!(lifecycle.run().await, Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_in_time_or_is_dropped_is_no_alert() {
    let (events, _guard) = started();
    let lifecycle = ready().await;
    lifecycle.spawn("done", async {});
    lifecycle.spawn("deaf", std::future::pending::<()>());

    lifecycle.stop("test");

    assert_eq!(lifecycle.run().await, Exit::DeadlineExceeded);
    let events = of_tasks(&events);
    let told: Vec<_> = events
        .iter()
        .map(|event| (&*event["level"], &*event["task"]))
        .collect();
    assert_eq!(told, [("WARN", "deaf")]);
    assert!(!events[0].contains_key("alert.key"), "{events:?}");
}
