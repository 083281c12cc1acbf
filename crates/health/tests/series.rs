//! The metrics.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_health::{Health, Registration, Verdict};
use groundcrew_metrics::Registry;
use groundcrew_testkit::eventually;
use tokio::time::{Instant, sleep_until};

#[tokio::test(start_paused = true)]
async fn every_check_has_its_series() {
    let registry = Registry::new();
    let health = Health::builder("1")
        .check("database", || async { Verdict::degraded("read only") })
        .register(Registration::new("queue", std::future::pending).optional())
        .start()
        .unwrap();
    health.register_metrics(&registry).unwrap();
    eventually(Duration::from_secs(5), "ready", async || health.readiness().ok()).await;

    let text = registry.encode();

    for line in [
        "health_status 0.5",
        "health_ready 1",
        "health_check_status{check=\"database\"} 0.5",
        "health_check_failures_total{check=\"database\"} 0",
        "health_check_transitions_total{check=\"database\"} 1",
        // What is not known is not well.
        "health_check_status{check=\"queue\"} 0.0",
        "health_check_transitions_total{check=\"queue\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

/// The value of this series.
fn value(registry: &Registry, series: &str) -> f64 {
    let text = registry.encode();
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    values.next().expect(series).parse().expect("a number")
}

/// A check named `database` that says what was last set, and one that hangs.
fn service() -> (Health, Registry, Arc<Mutex<Verdict>>) {
    let said = Arc::new(Mutex::new(Verdict::healthy()));
    let says = Arc::clone(&said);
    let check = move || std::future::ready(says.lock().unwrap().clone());
    let hangs = Registration::new("hangs", std::future::pending);
    let health = Health::builder("1")
        .register(Registration::new("database", check).thresholds(1, 1))
        .register(hangs.deadline(Duration::from_secs(3600)))
        .start()
        .unwrap();
    let registry = Registry::new();
    health.register_metrics(&registry).unwrap();
    (health, registry, said)
}

/// Each status holds for as long as is said here, but for the interval of at most 1.1 s in which it is noticed.
#[tokio::test(start_paused = true)]
async fn the_time_in_each_status_is_counted() {
    let began = Instant::now();
    let (_health, registry, said) = service();
    let of = |name: &str| value(&registry, &format!("health_check_{name}{{check=\"database\"}}"));
    let held = |check: &str, status: &str| {
        let labels = format!("{{check=\"{check}\",status=\"{status}\"}}");
        value(&registry, &format!("health_check_status_seconds_total{labels}"))
    };

    for (verdict, shown, until) in [
        (Verdict::healthy(), 1.0, 100),
        (Verdict::degraded("slow"), 0.5, 300),
        (Verdict::unhealthy("down"), 0.0, 700),
        (Verdict::healthy(), 1.0, 1500),
    ] {
        *said.lock().unwrap() = verdict;
        sleep_until(began + Duration::from_secs(until)).await;
        assert_eq!(of("status"), shown);
    }

    let statuses = ["unknown", "healthy", "degraded", "unhealthy"].map(|status| held("database", status));
    let allowed = [0.0..=0.01, 897.0..=902.3, 198.8..=201.2, 398.8..=401.2];
    for (seconds, allowed) in statuses.into_iter().zip(allowed) {
        assert!(allowed.contains(&seconds), "{statuses:?}");
    }
    let elapsed = began.elapsed().as_secs_f64();
    assert!(
        (statuses.iter().sum::<f64>() - elapsed).abs() < 0.01,
        "{statuses:?}"
    );
    assert!((798.8..=800.1).contains(&of("in_status_seconds")));
    assert_eq!(of("transitions_total"), 4.0);
    assert!((held("hangs", "unknown") - elapsed).abs() < 0.01);
}
