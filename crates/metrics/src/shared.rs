use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Gauge, RegisterError, Registry,
    descriptor::Kind,
    exemplar::ExemplarView,
    series::{Cells, Reading, Series},
    unix_time,
};

/// What a registry has one of, however often it is registered: the ready recorders.
#[derive(Clone, Default)]
pub(crate) struct SharedRecorders(Arc<Mutex<HashMap<Key, Box<dyn Any + Send + Sync>>>>);

/// The recorder, the prefix it is registered with, and its settings.
type Key = (TypeId, Arc<str>, &'static str);

impl SharedRecorders {
    /// The one that is there, or that `make` registers.
    pub(crate) fn find_or<T: Clone + Send + Sync + 'static>(
        &self,
        prefix: &Arc<str>,
        settings: &'static str,
        make: impl FnOnce() -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let key = (TypeId::of::<T>(), Arc::clone(prefix), settings);
        let mut recorders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = recorders.get(&key).and_then(|found| found.downcast_ref::<T>());
        if let Some(found) = found {
            return Ok(found.clone());
        }
        let made = make()?;
        recorders.insert(key, Box::new(made.clone()));
        Ok(made)
    }
}

impl Registry {
    /// A registry in which nothing is kept and that exposes nothing, for `METRICS_ENABLED=false`.
    ///
    /// Names are checked as in any other, so a mistake is found either way. The ready recorders do nothing in it:
    /// one branch, no allocation. Collectors are dropped at once.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_metrics::{BusinessMetrics, Registry};
    ///
    /// let registry = Registry::disabled();
    /// let business = BusinessMetrics::register(&registry)?;
    /// business.user_registered();
    /// assert_eq!(registry.encode(), "");
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    #[must_use]
    pub fn disabled() -> Self {
        let registry = Self::new();
        registry
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_disabled = true;
        registry
    }

    /// Whether it is not [`disabled`](Self::disabled).
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        !state.is_disabled
    }

    /// The recorder of this type, prefix and settings: the one that is there, or that `make` registers;
    /// `nothing` in a disabled registry.
    pub(crate) fn recorder<T: Clone + Send + Sync + 'static>(
        &self,
        settings: &'static str,
        make: impl FnOnce() -> Result<T, RegisterError>,
        nothing: T,
    ) -> Result<T, RegisterError> {
        let made = self.shared.find_or(&self.prefix, settings, make)?;
        Ok(if self.is_enabled() { made } else { nothing })
    }

    /// Registers a gauge whose name need not follow the rules.
    pub(crate) fn gauge_as_it_is(&self, name: &str, help: &str) -> Result<Gauge, RegisterError> {
        let gauge = Self::new().gauge("gauge", help)?;
        let cells = GaugeAsItIs {
            gauge: gauge.clone(),
            created: unix_time::millis(),
        };
        self.register_as_it_is(name, help, Kind::Gauge, Arc::new(cells))?;
        Ok(gauge)
    }
}

struct GaugeAsItIs {
    gauge: Gauge,
    created: u64,
}

impl Cells for GaugeAsItIs {
    fn is_empty(&self) -> bool {
        false
    }

    fn len(&self) -> usize {
        1
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        show(&Series {
            labels: "",
            value: Reading::Gauge(self.gauge.value()),
            created: self.created,
            exemplars: ExemplarView::NONE,
        });
    }
}
