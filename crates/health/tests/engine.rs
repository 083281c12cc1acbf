//! How checks are run and believed.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use groundcrew_health::{CheckReport, Error, Health, HealthConfig, NotReady, Registration, Status, Verdict};
use groundcrew_testkit::eventually;
use tokio::{sync::Notify, time::Instant};

#[path = "support/pace.rs"]
mod pace;

use crate::pace::{passes, status};

fn switch() -> (Arc<AtomicBool>, impl Fn() -> std::future::Ready<Verdict>) {
    let up = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&up);
    let check = move || {
        std::future::ready(if asked.load(Ordering::SeqCst) {
            Verdict::healthy()
        } else {
            Verdict::unhealthy("connection refused")
        })
    };
    (up, check)
}

/// With the defaults: a run each second, and while it fails each quarter of one, +-10 %. Without the quarters this is 3.3 s.
#[tokio::test(start_paused = true)]
async fn an_outage_is_seen_within_3_s_and_a_recovery_within_1500_ms() {
    let (up, check) = switch();
    let health = Health::builder("1").check("database", check).start().unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;
    let step = Duration::from_millis(2);
    let (regular, retry) = (Duration::from_millis(1100), Duration::from_millis(275));

    for _ in 0..200 {
        up.store(false, Ordering::SeqCst);
        passes(regular + 2 * (retry + step), || health.readiness().is_err()).await;
        up.store(true, Ordering::SeqCst);
        passes(retry + step, || health.readiness().is_ok()).await;
    }
}

/// When a check that is always well has run, in a paused time in which nothing takes time.
fn counted() -> (Arc<Mutex<Vec<Instant>>>, impl Fn() -> std::future::Ready<Verdict>) {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let count = Arc::clone(&runs);
    let check = move || {
        count.lock().unwrap().push(Instant::now());
        std::future::ready(Verdict::healthy())
    };
    (runs, check)
}

/// So that replicas, and the checks of one, do not ask in step.
#[tokio::test(start_paused = true)]
async fn an_interval_is_a_tenth_longer_or_shorter_each_time() {
    let ((one, check), (other, second)) = (counted(), counted());
    let health = Health::builder("1")
        .check("one", check)
        .check("other", second)
        .start()
        .unwrap();

    tokio::time::sleep(Duration::from_secs(1200)).await;
    drop(health);

    let (one, other) = (one.lock().unwrap(), other.lock().unwrap());
    for runs in [&one, &other] {
        let gaps: Vec<_> = runs.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.len() >= 1000, "{}", gaps.len());
        // The timer is as fine as a millisecond.
        let allowed = Duration::from_millis(900)..=Duration::from_millis(1102);
        assert!(gaps.iter().all(|gap| allowed.contains(gap)), "{gaps:?}");
        for (from, to) in [(900, 930), (930, 1000), (1000, 1070), (1070, 1102)] {
            let part = Duration::from_millis(from)..Duration::from_millis(to);
            let hits = gaps.iter().filter(|gap| part.contains(*gap)).count();
            assert!(hits >= 50, "{hits} gaps of {from} to {to} ms");
        }
    }
    let together = one
        .iter()
        .zip(other.iter())
        .skip(1)
        .filter(|(one, other)| one == other);
    let together = together.count();
    assert!(
        together < one.len() / 10,
        "{together} of {} runs at once",
        one.len()
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_believed_before_it_was_asked() {
    let answer = Arc::new(Notify::new());
    let wait = Arc::clone(&answer);
    let health = Health::builder("1")
        .check("database", move || {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                Verdict::healthy()
            }
        })
        .start()
        .unwrap();

    let not_ready = health.readiness().unwrap_err();
    assert_eq!(not_ready.to_string(), "database is unknown");
    assert!(!health.has_started());

    answer.notify_one();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;
    assert!(health.has_started());
}

#[tokio::test(start_paused = true)]
async fn importance_decides_what_a_failure_means() {
    let down = || async { Verdict::unhealthy("down") };
    let report = async |registration: Registration| {
        let health = Health::builder("1").register(registration).start().unwrap();
        passes(Duration::from_secs(1), || status(&health, "x") != Status::Unknown).await;
        (health.report().status, health.readiness().is_ok())
    };

    assert_eq!(
        report(Registration::new("x", down)).await,
        (Status::Unhealthy, false)
    );
    assert_eq!(
        report(Registration::new("x", down).optional()).await,
        (Status::Degraded, true)
    );
    assert_eq!(
        report(Registration::new("x", down).informational()).await,
        (Status::Healthy, true)
    );
}

#[tokio::test(start_paused = true)]
async fn the_gate_comes_before_the_checks() {
    let open = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&open);
    let health = Health::builder("1")
        .gate(move || {
            if gate.load(Ordering::SeqCst) {
                Ok(())
            } else {
                Err("starting")
            }
        })
        .start()
        .unwrap();

    assert_eq!(health.readiness(), Err(NotReady::Gate("starting")));
    assert!(!health.has_started());
    open.store(true, Ordering::SeqCst);
    assert_eq!(health.readiness(), Ok(()));
    open.store(false, Ordering::SeqCst);
    assert!(health.has_started());
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_unknown_at_once() {
    let hang = Arc::new(AtomicBool::new(false));
    let hangs = Arc::clone(&hang);
    let health = Health::builder("1")
        .check("database", move || {
            let hangs = hangs.load(Ordering::SeqCst);
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Verdict::healthy()
            }
        })
        .start()
        .unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;

    hang.store(true, Ordering::SeqCst);
    passes(Duration::from_millis(11_200), || {
        status(&health, "database") == Status::Unknown
    })
    .await;

    let report = health.report();
    let reason = report.check("database").unwrap().verdict.reason();
    assert_eq!(reason, Some("no answer within 10s"));
    assert_eq!(report.status, Status::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_never_green() {
    let health = Health::builder("1")
        .check("x", || async { Verdict::healthy() })
        .start()
        .unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;

    assert!(health.shutdown(Duration::from_secs(1)).await.is_clean());
    tokio::time::sleep(Duration::from_secs(14)).await;

    assert_eq!(status(&health, "x"), Status::Unknown);
    assert!(health.readiness().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_trigger_and_a_change_run_the_check_at_once_and_never_twice_at_a_time() {
    #[derive(Default)]
    struct Slow {
        runs: AtomicU32,
        running: AtomicU32,
        most: AtomicU32,
        changed: Notify,
    }
    struct SlowCheck(Arc<Slow>);

    #[async_trait::async_trait]
    impl groundcrew_health::Check for SlowCheck {
        async fn run(&self) -> Verdict {
            let running = self.0.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.0.most.fetch_max(running, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.0.running.fetch_sub(1, Ordering::SeqCst);
            self.0.runs.fetch_add(1, Ordering::SeqCst);
            Verdict::healthy()
        }

        async fn changed(&self) {
            self.0.changed.notified().await;
        }
    }

    let slow = Arc::new(Slow::default());
    let registration =
        Registration::new("slow", SlowCheck(Arc::clone(&slow))).interval(Duration::from_secs(60));
    let health = Health::builder("1").register(registration).start().unwrap();
    let runs = || slow.runs.load(Ordering::SeqCst);
    passes(Duration::from_secs(1), || runs() == 1).await;

    health.trigger("slow").unwrap();
    health.trigger("slow").unwrap();
    let took = passes(Duration::from_secs(1), || runs() == 2).await;
    slow.changed.notify_one();
    passes(Duration::from_secs(1), || runs() == 3).await;

    assert!(took < Duration::from_millis(200), "{took:?}");
    assert_eq!(slow.most.load(Ordering::SeqCst), 1);
    let unknown = health.trigger("fast").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no check fast");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hanging_a_panicking_and_a_blocking_check_do_not_stop_the_others() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let mut config = HealthConfig::default();
    (config.interval, config.deadline) = (Duration::from_millis(20), Duration::from_millis(200));
    let health = Health::builder("1")
        .config(config)
        .check("hanging", std::future::pending)
        .check("panicking", || async { panic!("token=abc") })
        .check("blocking", move || {
            assert!(blocked.lock().unwrap().recv().is_err());
            std::future::ready(Verdict::healthy())
        })
        .check("fine", || async { Verdict::healthy() })
        .start()
        .unwrap();

    let limit = Duration::from_secs(30);
    eventually(limit, "hanging is unknown, panicking known", async || {
        let report = health.report();
        let late = report.check("hanging")?.verdict.reason() == Some("no answer within 200ms");
        (late && report.check("panicking")?.status() != Status::Unknown).then_some(())
    })
    .await;
    let report = health.report();
    let panicking: &CheckReport = report.check("panicking").unwrap();
    assert_eq!(panicking.verdict.reason(), Some("the check panicked: token=***"));
    assert_eq!(panicking.status(), Status::Unhealthy);
    assert_eq!(report.check("blocking").unwrap().status(), Status::Unknown);
    eventually(limit, "fine is", async || {
        (status(&health, "fine") == Status::Healthy).then_some(())
    })
    .await;
    let runs = || health.stats().checks.last().unwrap().runs;
    let before = runs();
    eventually(limit, "fine goes on", async || {
        (runs() > before + 10).then_some(())
    })
    .await;
    drop(release);
}

#[tokio::test]
async fn names_are_checked() {
    let start = |names: &[&str]| {
        let builder = Health::builder("1");
        let check = || async { Verdict::healthy() };
        names
            .iter()
            .fold(builder, |builder, name| builder.check(*name, check))
            .start()
            .map(drop)
    };

    assert!(matches!(start(&["a", "b", "a"]), Err(Error::DuplicateName { name }) if name == "a"));
    for bad in ["", "Data Base", "a/b", "é", ".", "..", &"x".repeat(65)] {
        assert!(matches!(start(&[bad]), Err(Error::InvalidName { .. })), "{bad}");
    }
    assert!(start(&["disk_space", "external-apis", "s3.eu"]).is_ok());
    let zero = Registration::new("x", || async { Verdict::healthy() }).interval(Duration::ZERO);
    let refused = Health::builder("1").register(zero).start();
    assert_eq!(
        refused.unwrap_err().to_string(),
        "interval must be more than zero"
    );
}

#[tokio::test(start_paused = true)]
async fn an_endless_interval_asks_once_and_is_believed_for_good() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let mut config = HealthConfig::default();
    (config.interval, config.deadline, config.retry) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let health = Health::builder("1")
        .config(config)
        .check("x", move || {
            count.fetch_add(1, Ordering::SeqCst);
            async { Verdict::healthy() }
        })
        .start()
        .unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;

    tokio::time::sleep(Duration::from_secs(60)).await;

    assert_eq!(health.readiness(), Ok(()));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    health.trigger("x").unwrap();
    passes(Duration::from_secs(1), || runs.load(Ordering::SeqCst) == 2).await;
    assert!(health.shutdown(Duration::from_secs(1)).await.is_clean());
}

/// Whoever triggers a check with each failed request asks its server no oftener than every 20 ms.
#[tokio::test(start_paused = true)]
async fn a_storm_of_triggers_is_no_storm_of_runs() {
    let (runs, check) = counted();
    let registration = Registration::new("x", check).interval(Duration::from_secs(60));
    let health = Health::builder("1").register(registration).start().unwrap();
    passes(Duration::from_secs(1), || health.readiness().is_ok()).await;

    for _ in 0..1000 {
        health.trigger("x").unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let runs = runs.lock().unwrap();
    assert!((40..=52).contains(&runs.len()), "{}", runs.len());
}

#[test]
fn outside_a_runtime_the_engine_does_not_start() {
    assert!(matches!(Health::builder("1").start(), Err(Error::NoRuntime)));
}
