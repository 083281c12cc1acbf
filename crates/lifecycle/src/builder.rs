use std::time::Duration;

use groundcrew_base::Backoff;

use crate::{Error, Lifecycle, LifecycleConfig};

/// Who answers SIGTERM and SIGINT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signals {
    /// The lifecycle: the first signal begins the stop, the second forces it. The default.
    #[default]
    Handle,
    /// The caller, who calls [`Lifecycle::stop`].
    Leave,
}

/// Makes a [`Lifecycle`].
///
/// # Examples
/// ```
/// use groundcrew_lifecycle::{Lifecycle, Phase};
///
/// let lifecycle = Lifecycle::builder().start()?;
/// assert_eq!(lifecycle.phase(), Phase::Starting);
/// # Ok::<(), groundcrew_lifecycle::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LifecycleBuilder {
    config: LifecycleConfig,
    signals: Signals,
    backoff: Backoff,
}

impl Default for LifecycleBuilder {
    fn default() -> Self {
        Self {
            config: LifecycleConfig::default(),
            signals: Signals::default(),
            // What comes up is found within a second, however long it took.
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_millis(250)),
        }
    }
}

impl LifecycleBuilder {
    /// Sets every time limit; default [`LifecycleConfig::default`].
    pub fn config(mut self, config: LifecycleConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets who answers signals; default [`Signals::Handle`].
    pub const fn signals(mut self, signals: Signals) -> Self {
        self.signals = signals;
        self
    }

    /// Sets the waits between two questions to a dependency while starting; default: 100 ms
    /// doubling up to 250 ms, +-50 %, so that the service is ready within a second of its dependencies. Never shorter than 1 ms.
    pub const fn dependency_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Installs the signal handlers and begins the phase [`Starting`](crate::Phase::Starting). Call it
    /// before anything that takes long.
    ///
    /// # Errors
    /// [`Error::ZeroTimeout`] for a zero timeout, [`Error::Signals`] if the handlers cannot be installed.
    pub fn start(self) -> Result<Lifecycle, Error> {
        self.config.check()?;
        Lifecycle::new(self.config.within_reach(), self.signals, self.backoff)
    }
}
