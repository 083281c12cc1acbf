//! Time that passes while a condition is waited for.

use std::time::Duration;

use groundcrew_health::{Health, Status};
use tokio::time::{Instant, sleep};

/// Lets time pass, a millisecond a step, until `done`; gives how long it took.
pub(crate) async fn passes(limit: Duration, mut done: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < limit, "not within {limit:?}");
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

/// What is believed of a check.
pub(crate) fn status(health: &Health, check: &str) -> Status {
    health.report().check(check).unwrap().status()
}
