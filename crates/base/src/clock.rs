use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// Tells the wall time: the machine's, or one that a test sets.
///
/// For timestamps, schedules and retention. Durations are measured with [`std::time::Instant`] or
/// tokio's clock instead. Cloning is cheap; clones of a manual clock share its time.
///
/// # Examples
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use groundcrew_base::{Clock, ManualClock};
///
/// let hands = ManualClock::new(SystemTime::UNIX_EPOCH);
/// let clock: Clock = hands.clock();
/// hands.advance(Duration::from_secs(90));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(90));
/// assert!(Clock::system().is_system() && !clock.is_system());
/// ```
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Mutex<SystemTime>>>);

impl Clock {
    /// The machine's clock; also the default.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// Whether it is the machine's.
    #[must_use]
    #[inline]
    pub const fn is_system(&self) -> bool {
        self.0.is_none()
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            None => SystemTime::now(),
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Clock(manual)"
        } else {
            "Clock(system)"
        })
    }
}

/// Moves the time that its [`Clock`]s tell.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// Starts at `now` and stays there until it is moved.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// A clock that tells this time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Some(Arc::clone(&self.0)))
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Sets the time, backwards too, as a machine's clock may be set.
    pub fn set(&self, now: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
