//! What is told of tokio, and collectors that are awaited.
#![cfg(feature = "tokio")]
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use groundcrew_metrics::{
    AsyncCollector, Descriptor, Polling, Registry, Samples, SchedulingLag, TokioCollector,
};
use tokio::{
    runtime::{Builder, Handle},
    task::{JoinSet, yield_now},
    time::advance,
};

/// The value of the sample that starts with `name`, labels included.
fn value(registry: &Registry, name: &str) -> Option<f64> {
    let text = registry.encode();
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}

#[test]
fn tasks_and_workers_are_counted() {
    let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let other = Builder::new_current_thread().build().unwrap();
    let registry = Registry::new();
    let collector = TokioCollector::new("main", runtime.handle().clone()).and("side", other.handle().clone());
    registry.collector(collector).unwrap();

    let mut tasks = JoinSet::new();
    for _ in 0..7 {
        tasks.spawn_on(pending::<()>(), runtime.handle());
    }

    assert_eq!(value(&registry, "tokio_workers{runtime=\"main\"}"), Some(3.0));
    assert_eq!(value(&registry, "tokio_workers{runtime=\"side\"}"), Some(1.0));
    assert_eq!(value(&registry, "tokio_alive_tasks{runtime=\"main\"}"), Some(7.0));
    assert_eq!(value(&registry, "tokio_alive_tasks{runtime=\"side\"}"), Some(0.0));
    assert!(value(&registry, "tokio_global_queue_depth{runtime=\"main\"}") >= Some(0.0));
    for counter in [
        "tokio_worker_busy_seconds_total",
        "tokio_worker_parks_total",
        "tokio_worker_park_unparks_total",
    ] {
        assert!(
            value(&registry, &format!("{counter}{{runtime=\"main\"}}")) >= Some(0.0),
            "{counter}"
        );
    }
    #[cfg(tokio_unstable)]
    assert_eq!(
        value(&registry, "tokio_spawned_tasks_total{runtime=\"main\"}"),
        Some(7.0)
    );
    drop(tasks);
}

#[test]
fn workers_are_told_apart_on_demand() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let registry = Registry::new();
    let collector = TokioCollector::new("main", runtime.handle().clone()).by_worker();
    registry.collector(collector).unwrap();

    for worker in ["0", "1"] {
        let name = format!("tokio_worker_busy_seconds_total{{runtime=\"main\",worker=\"{worker}\"}}");
        assert!(value(&registry, &name) >= Some(0.0));
    }
    assert_eq!(
        value(&registry, "tokio_worker_busy_seconds_total{runtime=\"main\"}"),
        None
    );
}

async fn let_others_run() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_task_has_overslept_is_recorded() {
    let registry = Registry::new();
    let probe = SchedulingLag::start(&registry, &Handle::current()).unwrap();
    let_others_run().await;

    // On time; then as if the only worker had been blocked for 400 ms when 100 were due.
    advance(Duration::from_millis(100)).await;
    let_others_run().await;
    advance(Duration::from_millis(400)).await;
    let_others_run().await;

    let bucket = |bound: &str| format!("tokio_scheduling_lag_seconds_bucket{{le=\"{bound}\"}}");
    assert_eq!(value(&registry, "tokio_scheduling_lag_seconds_count"), Some(2.0));
    assert_eq!(value(&registry, &bucket("0.002")), Some(1.0));
    assert_eq!(value(&registry, &bucket("0.25")), Some(1.0));
    assert_eq!(value(&registry, &bucket("0.5")), Some(2.0));
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    probe.stop().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    advance(Duration::from_secs(10)).await;
    assert_eq!(value(&registry, "tokio_scheduling_lag_seconds_count"), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn the_probe_ends_when_it_is_dropped() {
    let registry = Registry::new();
    let probe = SchedulingLag::start(&registry, &Handle::current()).unwrap();

    drop(probe);
    let_others_run().await;

    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

/// Does in its n-th run what n says.
#[derive(Clone, Default)]
struct Remote(Arc<AtomicU64>);

impl AsyncCollector for Remote {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::gauge("remote_depth", "Depth of a queue")]
    }

    async fn collect(&self, samples: &mut Samples<'_>) {
        let run = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        samples.gauge("remote_depth", &[], run);
        match run {
            2 => samples.fail("the connection was refused"),
            3 => pending().await,
            4 => assert_ne!(run, 4, "on purpose"),
            _ => {}
        }
    }

    fn name(&self) -> &str {
        "remote"
    }
}

const REMOTE_SUCCESS: &str = "scrape_collector_success{collector=\"remote\"}";

#[tokio::test(start_paused = true)]
async fn a_scrape_shows_the_last_good_reading_of_an_awaited_collector() {
    let registry = Registry::new();
    let polling = Polling::new(Remote::default()).interval(Duration::from_secs(10));
    let before = registry.encode();
    let task = polling
        .deadline(Duration::from_secs(1))
        .start(&registry, &Handle::current())
        .unwrap();
    let unread = (value(&registry, "remote_depth"), value(&registry, REMOTE_SUCCESS));

    let mut seen = Vec::new();
    for _run in 1..=5 {
        let_others_run().await;
        // For the one that hangs.
        advance(Duration::from_secs(1)).await;
        let_others_run().await;
        seen.push((value(&registry, "remote_depth"), value(&registry, REMOTE_SUCCESS)));
        advance(Duration::from_secs(9)).await;
    }

    assert_eq!(before, "");
    assert_eq!(unread, (None, Some(0.0)));
    let (good, stale) = (Some(1.0), (Some(1.0), Some(0.0)));
    assert_eq!(seen, [(good, good), stale, stale, stale, (Some(5.0), good)]);
    task.stop().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}
