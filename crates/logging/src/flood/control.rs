use std::sync::{Arc, OnceLock};

use tracing::{Level, Metadata, field::Visit};

use super::{
    Flood,
    budgets::Budgets,
    callsite::{CallsiteFlood, Keyed},
    hash::Seed,
    key::value_of,
};
use crate::{category, filter::ALERT_KEY, notice::TARGET, template::LOG_TARGET};

/// The settings of flood control, and the budgets that all callsites share.
#[derive(Debug)]
pub(crate) struct FloodControl {
    flood: Flood,
    seed: Seed,
    /// Made when a callsite first needs them.
    budgets: OnceLock<Arc<Budgets>>,
}

impl FloodControl {
    pub(crate) fn new(flood: Flood) -> Self {
        Self {
            flood,
            seed: Seed::new(),
            budgets: OnceLock::new(),
        }
    }

    /// What holds the events of a callsite back; `None` for what is never held back: spans, errors, audit events,
    /// alerts, and what logging itself says.
    pub(crate) fn callsite(&self, metadata: &'static Metadata<'static>) -> Option<CallsiteFlood> {
        let limit = self.flood.limit()?;
        let has = |name: &str| metadata.fields().field(name).is_some();
        let is_exempt = !metadata.is_event()
            || has(ALERT_KEY)
            || category::is_audit(metadata)
            || metadata.target() == TARGET
            || (*metadata.level() == Level::ERROR && !self.flood.limits_errors());
        if is_exempt {
            return None;
        }
        let is_keyed = self.flood.key_field().is_some() || has(LOG_TARGET);
        let keyed = is_keyed.then(|| Keyed::new(metadata, self.field(metadata), self.seed, self.budgets()));
        Some(CallsiteFlood::new(metadata, limit, keyed))
    }

    fn budgets(&self) -> &Arc<Budgets> {
        self.budgets
            .get_or_init(|| Arc::new(Budgets::new(self.flood.slots())))
    }

    /// The field of a callsite that tells events apart.
    pub(crate) fn field(&self, metadata: &Metadata<'_>) -> Option<usize> {
        let key = self.key()?;
        Some(metadata.fields().field(key)?.index())
    }

    /// The name of such fields.
    pub(crate) fn key(&self) -> Option<&str> {
        self.flood.key_field()
    }

    /// What the fields of a span say about the key.
    pub(crate) fn key_of(&self, field: Option<usize>, record: impl FnOnce(&mut dyn Visit)) -> Option<u64> {
        value_of(&[field?], self.seed, record)
    }
}
