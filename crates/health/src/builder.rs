use std::{collections::HashSet, fmt, sync::Arc};

use groundcrew_base::{Check, Clock};

use crate::{Error, Health, HealthConfig, Registration, Transition, board::TransitionListener};

pub(crate) type Gate = Box<dyn Fn() -> Result<(), &'static str> + Send + Sync>;

/// Makes a [`Health`].
///
/// # Examples
/// ```
/// use groundcrew_health::{Error, Health, Verdict};
///
/// let twice = Health::builder("1.4.0")
///     .check("database", || async { Verdict::healthy() })
///     .check("database", || async { Verdict::healthy() })
///     .start();
/// assert!(matches!(twice, Err(Error::DuplicateName { .. })));
/// ```
#[must_use]
pub struct HealthBuilder {
    version: Arc<str>,
    config: HealthConfig,
    clock: Clock,
    gate: Gate,
    listeners: Vec<TransitionListener>,
    registrations: Vec<Registration>,
}

impl HealthBuilder {
    pub(crate) fn new(version: &str) -> Self {
        Self {
            version: version.into(),
            config: HealthConfig::default(),
            clock: Clock::system(),
            gate: Box::new(|| Ok(())),
            listeners: Vec::new(),
            registrations: Vec::new(),
        }
    }

    /// Sets what registrations do not say themselves; default [`HealthConfig::default`].
    pub fn config(mut self, config: HealthConfig) -> Self {
        self.config = config;
        self
    }

    /// Adds a critical check with the rules of the config.
    pub fn check(self, name: impl Into<String>, check: impl Check) -> Self {
        self.register(Registration::new(name, check))
    }

    /// Adds a check with rules of its own.
    pub fn register(mut self, registration: Registration) -> Self {
        self.registrations.push(registration);
        self
    }

    /// Sets who decides, besides the checks, whether the service wants traffic: a lifecycle's gate. The
    /// error is the reason that is shown. By default it always does. One that panics says no. The engine asks it as well, once every
    /// critical check passes: it must be short and must not block.
    pub fn gate(mut self, gate: impl Fn() -> Result<(), &'static str> + Send + Sync + 'static) -> Self {
        self.gate = Box::new(gate);
        self
    }

    /// Calls this after each change of what is believed about a check, in the order of the changes. It runs on the engine's tasks:
    /// it must be short and must not block. A panic in it is logged.
    pub fn on_transition(mut self, listener: impl Fn(&Transition) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Sets where timestamps come from; default the machine's clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks every name and rule, and starts the tasks on the runtime of the caller.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::DuplicateName`], [`Error::Zero`], [`Error::NoToken`] for what is
    /// wrong in the settings, [`Error::NoRuntime`] outside a tokio runtime, [`Error::Thread`] if no thread can be had.
    pub fn start(self) -> Result<Health, Error> {
        self.config.check()?;
        let mut names = HashSet::new();
        let mut plans = Vec::with_capacity(self.registrations.len());
        for registration in self.registrations {
            let plan = registration.plan(&self.config)?;
            if !names.insert(Arc::clone(&plan.name)) {
                return Err(Error::DuplicateName {
                    name: plan.name.as_ref().to_owned(),
                });
            }
            plans.push(plan);
        }
        tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        Health::new(
            self.version,
            self.clock,
            plans,
            self.gate,
            self.listeners,
            self.config,
        )
    }
}

impl fmt::Debug for HealthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthBuilder")
            .field("registrations", &self.registrations)
            .finish_non_exhaustive()
    }
}
