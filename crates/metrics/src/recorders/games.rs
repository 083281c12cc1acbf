use std::{sync::Arc, time::Duration};

use crate::{Gauge, GaugeGuard, Histogram, NamePreset, RegisterError, Registry, Timer};

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
pub struct GameMetrics(Option<Arc<Metrics>>);

#[derive(Debug)]
struct Metrics {
    sessions: Gauge,
    hands: Gauge,
    durations: Histogram,
}

impl GameMetrics {
    /// Registers the metrics, or gives those that are registered already.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::register_preset(registry, NamePreset::default())
    }

    /// Registers the metrics with the names of this preset.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register_preset(registry: &Registry, names: NamePreset) -> Result<Self, RegisterError> {
        let (sessions, hands) = ("Sessions that are active", "Hands that are being played");
        registry.recorder(
            names.as_str(),
            || {
                let (sessions, hands) = match names {
                    NamePreset::Conventional => (
                        registry.gauge("active_sessions", sessions)?,
                        registry.gauge("active_hands", hands)?,
                    ),
                    NamePreset::Legacy => (
                        registry.gauge_as_it_is("active_sessions_total", sessions)?,
                        registry.gauge_as_it_is("active_hands_total", hands)?,
                    ),
                };
                let help = "Duration of completed hands in seconds";
                Ok(Self(Some(Arc::new(Metrics {
                    sessions,
                    hands,
                    durations: registry.histogram("hand_duration_seconds", help, &BUCKETS)?,
                }))))
            },
            Self(None),
        )
    }

    /// Counts a session as active until the guard is dropped.
    pub fn session(&self) -> GaugeGuard {
        match &self.0 {
            Some(metrics) => metrics.sessions.track(),
            None => GaugeGuard::of_nothing(),
        }
    }

    /// Changes the number of active sessions, where no guard can be held.
    pub fn sessions_changed(&self, by: i32) {
        if let Some(metrics) = &self.0 {
            metrics.sessions.add(by.into());
        }
    }

    /// Counts a hand as active until it is [completed](HandInPlay::complete) or dropped.
    pub fn hand(&self) -> HandInPlay {
        HandInPlay(self.0.as_ref().map(|metrics| Play {
            timer: Some(metrics.durations.start_timer()),
            _active: metrics.hands.track(),
        }))
    }

    /// Counts a hand as active until [`hand_completed`](Self::hand_completed), where no guard can be held.
    pub fn hand_started(&self) {
        if let Some(metrics) = &self.0 {
            metrics.hands.inc();
        }
    }

    /// Ends a hand that [`hand_started`](Self::hand_started) has counted, and records how long it took.
    pub fn hand_completed(&self, duration: Duration) {
        if let Some(metrics) = &self.0 {
            metrics.durations.observe_duration(duration);
            metrics.hands.dec();
        }
    }
}

/// A hand that is being played; made by [`GameMetrics::hand`].
#[derive(Debug)]
#[must_use = "a hand that is dropped at once was never played"]
pub struct HandInPlay(Option<Play>);

#[derive(Debug)]
struct Play {
    timer: Option<Timer>,
    _active: GaugeGuard,
}

impl HandInPlay {
    /// Ends the hand and records its duration. A hand that is dropped instead leaves no duration.
    pub fn complete(mut self) {
        if let Some(timer) = self.0.as_mut().and_then(|play| play.timer.take()) {
            timer.stop();
        }
    }
}

impl Drop for HandInPlay {
    fn drop(&mut self) {
        if let Some(timer) = self.0.as_mut().and_then(|play| play.timer.take()) {
            timer.discard();
        }
    }
}

const BUCKETS: [f64; 8] = [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0];
