use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// The fields of one event, with its level as `level`; each as it would be shown.
pub type Fields = BTreeMap<&'static str, String>;

/// Keeps the events of one target, for a test of what the log is told.
///
/// # Examples
/// ```
/// use groundcrew_testkit::Events;
///
/// let (events, _guard) = Events::of("app");
///
/// tracing::warn!(target: "app", table = "players", "slow");
/// tracing::warn!(target: "other", "slow");
///
/// let told = events.take();
/// assert_eq!(told.len(), 1);
/// assert_eq!(told[0]["level"], "WARN");
/// assert_eq!(told[0]["table"], "players");
/// assert_eq!(told[0]["message"], "slow");
/// assert!(events.take().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Events {
    target: &'static str,
    told: Arc<Mutex<Vec<Fields>>>,
}

impl Events {
    /// Begins to keep what this thread tells, until the guard is dropped.
    #[must_use]
    pub fn of(target: &'static str) -> (Self, DefaultGuard) {
        let events = Self {
            target,
            told: Arc::default(),
        };
        let subscriber = tracing_subscriber::registry().with(Recorder(events.clone()));
        (events, tracing::subscriber::set_default(subscriber))
    }

    /// The events since the last call, the oldest first.
    pub fn take(&self) -> Vec<Fields> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many [`take`](Self::take) would give.
    #[must_use]
    pub fn count(&self) -> usize {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

struct Recorder(Events);

impl<S: Subscriber> Layer<S> for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == self.0.target
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::from([("level", event.metadata().level().to_string())]);
        event.record(&mut Shown(&mut fields));
        let told = self.0.told.lock();
        told.unwrap_or_else(PoisonError::into_inner).push(fields);
    }
}

struct Shown<'a>(&'a mut Fields);

impl Visit for Shown<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
