use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};

use super::{Thresholds, thresholds::percent};

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
    /// Asks `count` for the present number and the greatest possible. It must not block.
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
        let percent = percent(current, most);
        self.thresholds
            .judge("it is", percent)
            .detail(self.names.0, current)
            .detail(self.names.1, most)
            .detail("usagePercent", percent)
    }
}

impl fmt::Debug for Saturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saturation")
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}
