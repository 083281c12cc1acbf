use crate::{Gauge, GaugeGuard, Histogram, RegisterError, Registry, Timer};

/// Records sessions and hands of a card room.
///
/// Exposes `active_sessions`, `active_hands` and `hand_duration_seconds`.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{GameMetrics, Registry};
///
/// let registry = Registry::new();
/// let games = GameMetrics::register(&registry)?;
/// let _session = games.session();
/// games.hand().complete();
/// let text = registry.encode();
/// assert!(text.contains("active_sessions 1.0\n"));
/// assert!(text.contains("active_hands 0.0\n"));
/// assert!(text.contains("hand_duration_seconds_count 1\n"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GameMetrics {
    sessions: Gauge,
    hands: Gauge,
    durations: Histogram,
}

impl GameMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            sessions: registry.gauge("active_sessions", "Sessions that are active")?,
            hands: registry.gauge("active_hands", "Hands that are being played")?,
            durations: registry.histogram(
                "hand_duration_seconds",
                "Duration of completed hands in seconds",
                &BUCKETS,
            )?,
        })
    }

    /// Counts a session as active until the guard is dropped.
    pub fn session(&self) -> GaugeGuard {
        self.sessions.track()
    }

    /// Counts a hand as active until it is [completed](HandInPlay::complete) or dropped.
    pub fn hand(&self) -> HandInPlay {
        HandInPlay {
            timer: Some(self.durations.start_timer()),
            _active: self.hands.track(),
        }
    }
}

/// A hand that is being played; made by [`GameMetrics::hand`].
#[derive(Debug)]
#[must_use = "a hand that is dropped at once was never played"]
pub struct HandInPlay {
    timer: Option<Timer>,
    _active: GaugeGuard,
}

impl HandInPlay {
    /// Ends the hand and records its duration. A hand that is dropped instead leaves no duration.
    pub fn complete(mut self) {
        if let Some(timer) = self.timer.take() {
            timer.stop();
        }
    }
}

impl Drop for HandInPlay {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.discard();
        }
    }
}

const BUCKETS: [f64; 8] = [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0];
