//! The deadline of the run that is going on, for checks that would rather answer than be dropped at it.

use std::time::Duration;

use tokio::time::{Instant, error::Elapsed, timeout};

/// Waits for `run` as long as it may take, and lets it know.
pub(crate) async fn within<T>(deadline: Duration, run: impl Future<Output = T>) -> Result<T, Elapsed> {
    RUN.scope((Instant::now(), deadline), timeout(deadline, run))
        .await
}

/// As long, or what is left of nine tenths of the deadline: the rest is for the answer.
pub(crate) fn in_time(limit: Duration) -> Duration {
    let left = RUN.try_with(|(began, deadline)| (*deadline / 10 * 9).saturating_sub(began.elapsed()));
    match left {
        Ok(left) if left < limit => whole(left),
        _ => limit,
    }
}

/// In milliseconds, as it stands in a reason.
fn whole(limit: Duration) -> Duration {
    let millis = (limit + Duration::from_micros(500)).as_millis();
    u64::try_from(millis).map_or(limit, Duration::from_millis)
}

tokio::task_local! {
    /// When it began, and how long it may take.
    static RUN: (Instant, Duration);
}
