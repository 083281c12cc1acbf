//! The start: what the service waits for, and how long.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use groundcrew_base::{Check, Verdict};
use groundcrew_lifecycle::{Error, Exit, Need, Phase, Signals};
use tokio::time::Instant;

use crate::settings::lifecycle;

#[tokio::test(start_paused = true)]
async fn a_dependency_that_comes_late_is_waited_for() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    lifecycle.require("database", move || {
        let attempt = count.fetch_add(1, Ordering::Relaxed);
        async move {
            match attempt {
                0 => std::future::pending().await,
                1 => panic!("a check may panic"),
                2 => Verdict::unhealthy("connection refused"),
                _ => Verdict::healthy(),
            }
        }
    });
    lifecycle.optional("mail", || async { Verdict::unhealthy("no route") });

    let report = lifecycle.ready().await.unwrap();

    let seen: Vec<_> = report
        .dependencies()
        .iter()
        .map(|one| (one.name.as_str(), one.need, one.verdict.reason()))
        .collect();
    assert_eq!(
        seen,
        [
            ("database", Need::Required, None),
            ("mail", Need::Optional, Some("no route"))
        ]
    );
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert_eq!(lifecycle.phase(), Phase::Ready);
}

/// A check that panics before it has given a future, or when that is dropped.
struct Rude {
    when_dropped: bool,
}

struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

impl Check for Rude {
    fn run<'a, 'b>(&'a self) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        assert!(self.when_dropped, "at once");
        let grudge = Grudge;
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(grudge);
            Verdict::healthy()
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_required_check_that_panics_wherever_it_can_is_never_taken_for_up() {
    for when_dropped in [false, true] {
        let lifecycle = lifecycle(Signals::Leave, |_| {});
        lifecycle.require("database", Rude { when_dropped });
        lifecycle.require("redis", || async { Verdict::healthy() });

        let error = lifecycle.ready().await.unwrap_err();

        let text = error.to_string();
        assert!(
            text.starts_with("dependency database is not available after "),
            "{text}"
        );
        let reason = if when_dropped {
            "no answer within "
        } else {
            "the check panicked: at once"
        };
        assert!(
            text.contains(reason) && !text.contains("after 0 attempts"),
            "{text}"
        );
        assert_eq!(lifecycle.run().await, Exit::Unavailable, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn missing_dependencies_are_all_named_without_credentials() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.startup_timeout = Duration::from_secs(10);
    });
    lifecycle.require("database", || async {
        Verdict::unhealthy("cannot reach postgres://app:hunter2@db/app")
    });
    lifecycle.require("redis", || async { Verdict::healthy() });
    lifecycle.require("queue", std::future::pending);
    let began = Instant::now();

    let error = lifecycle.ready().await.unwrap_err();

    let text = error.to_string();
    assert!(
        text.starts_with("dependency database is not available after "),
        "{text}"
    );
    assert!(
        text.contains("postgres://app:***@db/app; dependency queue"),
        "{text}"
    );
    assert!(!text.contains("redis") && !text.contains("hunter2"), "{text}");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert!(error.is_retryable());
    assert_eq!(lifecycle.run().await, Exit::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_refusal_ends_the_start_at_once() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", || async {
        Verdict::unhealthy("password authentication failed").detail("permanent", true)
    });
    lifecycle.require("queue", std::future::pending);
    let began = Instant::now();

    let error = lifecycle.ready().await.unwrap_err();

    assert!(began.elapsed() < Duration::from_millis(10));
    assert!(!error.is_retryable());
    // The queue had no time to answer.
    let told = "dependency database is not available after 1 attempt: password authentication failed";
    assert_eq!(error.to_string(), told);
    assert_eq!(lifecycle.run().await, Exit::Config);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_has_failed_waits_for_no_optional_dependency() {
    for (refuses, expected, waits) in [(true, Exit::Config, 0), (false, Exit::Unavailable, 2)] {
        let lifecycle = lifecycle(Signals::Leave, |config| {
            config.startup_timeout = Duration::from_secs(2);
        });
        lifecycle.require("database", move || async move {
            Verdict::unhealthy("password authentication failed").detail("permanent", refuses)
        });
        lifecycle.optional("mail", std::future::pending);
        let began = Instant::now();

        let error = lifecycle.ready().await.unwrap_err();

        assert_eq!(began.elapsed().as_millis() / 100, waits * 10, "{error}");
        assert_eq!(lifecycle.run().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_optional_dependency_is_heard_once_after_the_required_ones_are_up() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", || async { Verdict::healthy() });
    lifecycle.optional("mail", std::future::pending);
    let began = Instant::now();

    let report = lifecycle.ready().await.unwrap();

    let mail = &report.dependencies()[1];
    assert_eq!((mail.name.as_str(), mail.attempts), ("mail", 1));
    assert_eq!(mail.verdict.reason(), Some("no answer within 5s"));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_optional_dependency_that_hangs_holds_no_start_beyond_the_startup_timeout() {
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.startup_timeout = Duration::from_secs(60);
        config.startup_check_timeout = Duration::from_secs(300);
    });
    lifecycle.require("database", || async { Verdict::healthy() });
    lifecycle.optional("mail", std::future::pending);
    let began = Instant::now();

    let report = lifecycle.ready().await.unwrap();

    let mail = &report.dependencies()[1];
    assert_eq!((mail.attempts, mail.verdict.reason()), (0, Some("no answer yet")));
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_report_of_the_start_has_no_credentials() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.optional("mail", || async {
        Verdict::degraded("slow: smtp://app:hunter2@mail").detail("asked", "smtp://app:hunter2@mail/")
    });

    let report = lifecycle.ready().await.unwrap();

    let told = format!("{report:?}");
    assert_eq!(
        report.dependencies()[0].verdict.reason(),
        Some("slow: smtp://app:***@mail")
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_starting_ends_the_wait() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    lifecycle.require("database", std::future::pending);

    let (outcome, ()) = tokio::join!(lifecycle.ready(), async { lifecycle.stop("SIGTERM") });

    assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
    assert_eq!(lifecycle.run().await, Exit::Clean);
}
