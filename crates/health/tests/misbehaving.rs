//! Checks, gates and listeners that misbehave, and how that is told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed set-up fails the test, and panics are what it is about"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use groundcrew_health::{Health, HealthConfig, NotReady, Registration, Status, Verdict};
use groundcrew_testkit::eventually;
use tokio::time::Instant;

#[path = "support/pace.rs"]
mod pace;

use crate::pace::{passes, status};

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
struct Early(Arc<AtomicBool>);
impl groundcrew_health::Check for Early {
    fn run<'a, 'r>(&'a self) -> Answer<'r, Verdict>
    where
        'a: 'r,
        Self: 'r,
    {
        assert!(self.0.load(Ordering::SeqCst), "no future today");
        Box::pin(std::future::ready(Verdict::healthy()))
    }
}
struct Late;
impl Drop for Late {
    fn drop(&mut self) {
        panic!("not like this");
    }
}
struct Restless(Arc<AtomicU32>);
#[async_trait::async_trait]
impl groundcrew_health::Check for Restless {
    async fn run(&self) -> Verdict {
        self.0.fetch_add(1, Ordering::SeqCst);
        Verdict::healthy()
    }
    async fn changed(&self) {
        panic!("who knows");
    }
}

/// A check that panics before there is a future to poll, one whose future panics when it is dropped at the deadline, and one that
/// cannot even say when it changes.
#[tokio::test(start_paused = true)]
async fn a_panic_outside_of_the_future_is_an_answer_too() {
    let (up, runs) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let health = Health::builder("1")
        .check("early", Early(Arc::clone(&up)))
        .check("late", || async {
            let _late = Late;
            std::future::pending().await
        })
        .check("restless", Restless(Arc::clone(&runs)))
        .start()
        .unwrap();
    passes(Duration::from_secs(1), || {
        status(&health, "early") == Status::Healthy
    })
    .await;

    up.store(false, Ordering::SeqCst);
    passes(Duration::from_secs(3), || {
        status(&health, "early") == Status::Unhealthy
    })
    .await;
    let report = health.report();
    let reason = report.check("early").unwrap().verdict.reason();
    assert_eq!(reason, Some("the check panicked: no future today"));
    up.store(true, Ordering::SeqCst);
    passes(Duration::from_millis(1500), || {
        status(&health, "early") == Status::Healthy
    })
    .await;

    passes(Duration::from_secs(60), || health.stats().checks[1].runs >= 3).await;
    assert_ne!(status(&health, "late"), Status::Healthy);
    let (before, began) = (runs.load(Ordering::SeqCst), Instant::now());
    passes(Duration::from_secs(60), || {
        began.elapsed() >= Duration::from_secs(10)
    })
    .await;
    assert!(runs.load(Ordering::SeqCst) - before <= 12, "{runs:?}");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_from_the_start_is_told_once() {
    let (told, hang) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(true)));
    let (tell, hangs) = (Arc::clone(&told), Arc::clone(&hang));
    let check = move || {
        let hangs = hangs.load(Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Verdict::healthy()
        }
    };
    let health = Health::builder("1")
        .check("database", check)
        .on_transition(move |transition| {
            let reason = transition.reason.as_deref().map(str::to_owned);
            tell.lock()
                .unwrap()
                .push((transition.from, transition.to, reason));
        })
        .start()
        .unwrap();

    passes(Duration::from_secs(11), || !told.lock().unwrap().is_empty()).await;
    passes(Duration::from_secs(60), || health.stats().checks[0].runs > 3).await;
    let late = (
        Status::Unknown,
        Status::Unknown,
        Some("no answer within 10s".to_owned()),
    );
    assert_eq!(*told.lock().unwrap(), std::slice::from_ref(&late));
    assert_eq!(health.history().len(), 1);
    assert_eq!(health.stats().checks[0].transitions, 1);

    hang.store(false, Ordering::SeqCst);
    passes(Duration::from_secs(12), || health.readiness().is_ok()).await;
    assert_eq!(
        *told.lock().unwrap(),
        [late, (Status::Unknown, Status::Healthy, None)]
    );
}

/// A check that blocks its worker is not even late: nobody is there to say so but who asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_from_the_start_is_told() {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, (tell, told)) = (Mutex::new(blocked), mpsc::channel());
    let check = move || {
        assert!(blocked.lock().unwrap().recv().is_err());
        std::future::ready(Verdict::healthy())
    };
    let mut config = HealthConfig::default();
    (config.interval, config.deadline) = (Duration::from_millis(20), Duration::from_millis(40));
    let health = Health::builder("1")
        .config(config)
        .check("blocking", check)
        .on_transition(move |transition| {
            drop(tell.send((transition.to, transition.reason.as_deref().map(str::to_owned))));
        })
        .start()
        .unwrap();

    let (to, reason) = eventually(Duration::from_secs(30), "told", async || told.try_recv().ok()).await;

    assert_eq!(to, Status::Unknown);
    assert!(
        reason.as_deref().unwrap().starts_with("no answer for "),
        "{reason:?}"
    );
    assert_eq!(status(&health, "blocking"), Status::Unknown);
    drop(release);
}

/// Who is told of changes while more of them happen still hears them in their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transitions_are_told_in_the_order_of_the_history() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let mut config = HealthConfig::default();
    (config.interval, config.retry) = (Duration::from_millis(1), Duration::from_millis(1));
    let mut builder = Health::builder("1")
        .config(config)
        .on_transition(move |transition| {
            let told = (Arc::clone(&transition.check), transition.from, transition.to);
            tell.lock().unwrap().push(told);
        });
    for at in 0..16 {
        let runs = Arc::new(AtomicU32::new(0));
        let flapping = move || {
            let up = runs.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
            std::future::ready(if up {
                Verdict::healthy()
            } else {
                Verdict::unhealthy("down")
            })
        };
        let check = Registration::new(format!("check{at}"), flapping);
        builder = builder.register(check.thresholds(1, 1));
    }
    let health = builder.start().unwrap();

    eventually(Duration::from_secs(60), "many", async || {
        (told.lock().unwrap().len() > 500).then_some(())
    })
    .await;
    assert!(health.shutdown(Duration::from_secs(30)).await.is_clean());

    let told = told.lock().unwrap();
    let kept: Vec<_> = health
        .history()
        .into_iter()
        .map(|transition| (transition.check, transition.from, transition.to))
        .collect();
    assert_eq!(told[told.len() - kept.len()..], kept);
    for at in 0..16 {
        let name = format!("check{at}");
        let own: Vec<_> = told.iter().filter(|(check, ..)| **check == *name).collect();
        assert!(own.windows(2).all(|pair| pair[0].2 == pair[1].1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_panics_is_closed() {
    let health = Health::builder("1").gate(|| panic!("no gate")).start().unwrap();

    assert_eq!(health.readiness(), Err(NotReady::Gate("the gate has panicked")));
}
