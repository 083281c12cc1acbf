use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};

use super::{
    Thresholds,
    thresholds::{hundredths, percent},
};

/// Asks how full something countable is, such as the WebSocket connections of a process.
///
/// Degraded above 80 %, unhealthy above 90 % by default; best registered as optional, because a full
/// instance still serves those it has. Details: `activeConnections`, `maxConnections`, `usagePercent`.
///
/// # Examples
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use groundcrew_health::{Check, Status, checks::Saturation};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let open = Arc::new(AtomicU64::new(850));
/// let counted = Arc::clone(&open);
/// let websocket = Saturation::new(move || (counted.load(Ordering::Relaxed), 1000));
/// assert_eq!(websocket.run().await.status(), Status::Degraded);
/// # }
/// ```
#[derive(Clone)]
pub struct Saturation {
    count: Arc<dyn Fn() -> (u64, u64) + Send + Sync>,
    thresholds: Thresholds,
    names: (&'static str, &'static str),
}

impl Saturation {
    /// Asks `count` for the present number and the greatest possible: any of 0 is full, none of 0 is not. It must not block.
    pub fn new(count: impl Fn() -> (u64, u64) + Send + Sync + 'static) -> Self {
        Self {
            count: Arc::new(count),
            thresholds: Thresholds::default(),
            names: ("activeConnections", "maxConnections"),
        }
    }

    /// Sets the percentages; default 80 and 90.
    #[must_use]
    pub const fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Sets the names of the two details; default `activeConnections` and `maxConnections`.
    #[must_use]
    pub const fn details(mut self, current: &'static str, most: &'static str) -> Self {
        self.names = (current, most);
        self
    }
}

#[async_trait]
impl Check for Saturation {
    async fn run(&self) -> Verdict {
        let (current, most) = (self.count)();
        let percent = match (current, most) {
            (1.., 0) => 100.0,
            _ => percent(current, most),
        };
        self.thresholds
            .judge("it is", percent)
            .detail(self.names.0, current)
            .detail(self.names.1, most)
            .detail("usagePercent", hundredths(percent))
    }
}

impl fmt::Debug for Saturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saturation")
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use groundcrew_base::Status::{self, Degraded, Healthy, Unhealthy};

    use super::*;

    async fn found(current: u64, most: u64, thresholds: Thresholds) -> (Status, String) {
        let check = Saturation::new(move || (current, most)).thresholds(thresholds);
        let verdict = check.run().await;
        let details = serde_json::to_string(verdict.details()).unwrap();
        (verdict.status(), details)
    }

    #[tokio::test]
    async fn what_is_above_a_threshold_counts_and_not_what_is_at_it() {
        for (current, most, status, percent) in [
            (0, 0, Healthy, "0.0"),
            (0, 1000, Healthy, "0.0"),
            (800, 1000, Healthy, "80.0"),
            (8001, 10_000, Degraded, "80.01"),
            (80_001, 100_000, Degraded, "80.0"),
            (900, 1000, Degraded, "90.0"),
            (9001, 10_000, Unhealthy, "90.01"),
            (90_001, 100_000, Unhealthy, "90.0"),
            (1500, 1000, Unhealthy, "150.0"),
            // Something where nothing may be.
            (1, 0, Unhealthy, "100.0"),
            (u64::MAX, u64::MAX, Unhealthy, "100.0"),
            (u64::MAX, 1, Unhealthy, "1.8446744073709552e+21"),
        ] {
            let details = format!(
                r#"{{"activeConnections":{current},"maxConnections":{most},"usagePercent":{percent}}}"#
            );
            let found = found(current, most, Thresholds::default()).await;
            assert_eq!(found, (status, details));
        }
    }

    #[tokio::test]
    async fn a_threshold_of_0_is_passed_by_anything_and_one_of_100_by_nothing() {
        let at = |degraded, unhealthy| Thresholds::new(degraded, unhealthy).unwrap();

        for (thresholds, current, status) in [
            (at(0.0, 0.0), 0, Healthy),
            // 0.07 has no exact double.
            (at(7.0, 14.0), 70, Healthy),
            (at(7.0, 14.0), 140, Degraded),
            (at(7.0, 14.0), 141, Unhealthy),
            (at(0.0, 0.0), 1, Unhealthy),
            (at(0.0, 100.0), 1, Degraded),
            (at(0.0, 100.0), 2000, Degraded),
            (at(100.0, 100.0), 1000, Healthy),
            (at(100.0, 100.0), 2000, Healthy),
        ] {
            assert_eq!(found(current, 1000, thresholds).await.0, status, "{thresholds:?}");
        }
        for (degraded, unhealthy) in [
            (-0.1, 90.0),
            (80.0, 100.1),
            (90.0, 80.0),
            (f64::NAN, 90.0),
            (80.0, f64::NAN),
            (f64::NEG_INFINITY, f64::INFINITY),
        ] {
            assert!(
                Thresholds::new(degraded, unhealthy).is_err(),
                "{degraded} {unhealthy}"
            );
        }
    }

    #[tokio::test]
    async fn details_have_the_names_that_were_given() {
        let queue = Saturation::new(|| (45, 50)).details("queued", "capacity");

        let verdict = queue.run().await;

        assert_eq!(verdict.reason(), Some("it is 90.0 % full"));
        assert_eq!(
            serde_json::to_string(verdict.details()).unwrap(),
            r#"{"queued":45,"capacity":50,"usagePercent":90.0}"#
        );
    }
}
