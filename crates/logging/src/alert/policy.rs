use std::time::Duration;

use super::AlertSeverity;

/// How much a sink of alerts tells people: what is grave enough, and how often.
///
/// - **Severity.** What is less grave than [`AlertPolicy::least`] is not sent. A `resolved` is sent whatever its
///   own severity if its `firing` was.
/// - **Repetition.** An alert that fires while it is firing already is not sent again within
///   [`AlertPolicy::window`]; the next message about it says how often that was ([`Alert::repeats`](super::Alert)).
/// - **Order.** `resolved` is sent only after `firing` has been: what nobody was told of needs no end. A sink that
///   [has incidents](super::AlertSink::has_incidents) gets the end of what this process has not begun, too, as an earlier
///   one may have begun it: the first of each key, and of the others as many as the rate allows.
/// - **Flapping.** An alert that begins for the fourth time within the window is sent once more, as flapping; then
///   it is silent until it has been resolved for a whole window.
/// - **Rate.** At most [`AlertPolicy::burst`] messages at once, and one more each [`AlertPolicy::refill`]. What comes
///   on top is told in one digest message when there is room again: how many of what. `resolved` is never held back. A sink that
///   [has incidents](super::AlertSink::has_incidents), as PagerDuty, gets all: a digest could not be resolved.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_logging::{AlertPolicy, AlertSeverity};
///
/// let calm = AlertPolicy::default()
///     .least(AlertSeverity::Error)
///     .window(Duration::from_secs(3600))
///     .burst(3)
///     .refill(Duration::from_secs(600));
/// # drop(calm);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertPolicy {
    pub(crate) least: AlertSeverity,
    pub(crate) window: Duration,
    pub(crate) burst: u32,
    pub(crate) refill: Duration,
    pub(crate) is_plain: bool,
}

impl AlertPolicy {
    /// Sends every alert as it comes: no dedupe, no limit, no digest. For sinks that do this themselves.
    #[must_use]
    pub fn every() -> Self {
        Self {
            is_plain: true,
            ..Self::default()
        }
    }

    /// The least grave alert that is sent; default `info`, all.
    #[must_use]
    pub const fn least(mut self, severity: AlertSeverity) -> Self {
        self.least = severity;
        self
    }

    /// How long an alert that is firing is not sent again; default 10 minutes.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many messages may be sent at once; default 10, at least 1.
    #[must_use]
    pub const fn burst(mut self, messages: u32) -> Self {
        self.burst = if messages == 0 { 1 } else { messages };
        self
    }

    /// How long it takes until one more message may be sent; default 30 s.
    #[must_use]
    pub const fn refill(mut self, each: Duration) -> Self {
        self.refill = each;
        self
    }
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self {
            least: AlertSeverity::Info,
            window: Duration::from_secs(600),
            burst: 10,
            refill: Duration::from_secs(30),
            is_plain: false,
        }
    }
}
