//! Structs of metrics that are registered together.

mod checks;
mod member;
mod staging;
#[cfg(test)]
mod tests;

pub use checks::{
    check_boundary, check_counter, check_family, check_histogram, check_label, check_name, check_objective,
    name_of,
};
pub use member::{GroupMember, Member};

use crate::{Definition, RegisterError, Registry, registry::Entry};

/// A struct of metrics that are registered together: all of them, or none. Made by `#[derive(Metrics)]`.
///
/// Each field is a [`Counter`](crate::Counter), [`CounterF64`](crate::CounterF64), [`Gauge`](crate::Gauge),
/// [`IntGauge`](crate::IntGauge), [`Histogram`](crate::Histogram), a [`Family`](crate::Family) of these, an
/// [`Info`](crate::Info), or another group with `#[metric(nested)]`. Its name is that of the field, with the unit and, for
/// a counter, with `_total`; its help text is the first paragraph of the field's documentation.
///
/// What the compiler can know it refuses: names and labels that are not valid, units that are not base units,
/// buckets that do not ascend, objectives for a latency that is no bucket boundary or for a label that the metric does
/// not have. The rest is told at registration, every mistake at once.
///
/// # Examples
/// ```
/// # #[cfg(feature = "derive")] {
/// use groundcrew_metrics::{Counter, CounterF64, Family, Gauge, Histogram, Labels, Metrics, Registry};
///
/// #[derive(Labels)]
/// struct Request<'a> { route: &'a str, status: u16 }
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "poker")]
/// struct AppMetrics {
///     /// Requests that were answered
///     #[metric(max_series = 2000, slo(availability = 99.9, bad(status = "5..")))]
///     requests: Family<Request<'static>, Counter>,
///
///     /// Time to the end of the answer
///     #[metric(unit = "seconds", buckets = [0.01, 0.1, 1.0], slo(latency = 0.1, percent = 95))]
///     request_duration: Histogram,
///
///     /// Revenue in EUR
///     revenue: CounterF64,
///
///     #[metric(nested, prefix = "hands")]
///     hands: HandMetrics,
/// }
///
/// #[derive(Metrics)]
/// struct HandMetrics {
///     /// Hands that are being played
///     active: Gauge,
/// }
///
/// let registry = Registry::new();
/// let metrics = AppMetrics::register(&registry)?;
/// metrics.requests.inc(&Request { route: "/hands", status: 200 });
/// metrics.request_duration.observe(0.02);
/// metrics.revenue.inc_by(9.99);
/// metrics.hands.active.set(3.0);
///
/// let text = registry.encode();
/// assert!(text.contains("poker_requests_total{route=\"/hands\",status=\"200\"} 1\n"));
/// assert!(text.contains("poker_request_duration_seconds_bucket{le=\"0.1\"} 1\n"));
/// assert!(text.contains("poker_revenue_total 9.99\n"));
/// assert!(text.contains("poker_hands_active 3.0\n"));
/// # }
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no group of metrics",
    label = "a nested group is a struct with `#[derive(Metrics)]`"
)]
pub trait Metrics: Sized {
    /// Registers the fields with a group.
    #[doc(hidden)]
    fn register_in(group: &mut Group<'_>) -> Option<Self>;

    /// Registers all metrics of the group, or none if one has a mistake.
    ///
    /// # Errors
    /// When a name, a help text, a label, buckets or an objective are not acceptable. With more than one mistake it is
    /// [`RegisterError::Several`], which has them all; see [`RegisterError::each`].
    fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let staged = registry.staged();
        let made = register_with(&staged)?;
        registry.adopt(&staged)?;
        Ok(made)
    }

    /// What the group is, without a registry that is in use: for rules, dashboards and documents that are made at build
    /// time or in a test.
    ///
    /// `prefix` is that of the registry it will be registered with, empty for none.
    ///
    /// # Errors
    /// As of [`register`](Self::register), but for names that others have taken.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "derive")] {
    /// use groundcrew_metrics::{IntGauge, Metrics};
    ///
    /// #[derive(Metrics)]
    /// struct Queue {
    ///     /// Jobs that wait
    ///     depth: IntGauge,
    /// }
    ///
    /// let definitions = Queue::definitions("mail_queue")?;
    /// assert_eq!(definitions[0].name(), "mail_queue_depth");
    /// assert_eq!(definitions[0].help(), "Jobs that wait");
    /// # }
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    fn definitions(prefix: &str) -> Result<Vec<Definition>, RegisterError> {
        let registry = Registry::new().within(prefix);
        let _group: Self = register_with(&registry)?;
        Ok(registry.own_definitions())
    }
}

/// Registers the fields of a group one by one and gathers their mistakes.
#[derive(Debug)]
pub struct Group<'a> {
    registry: Registry,
    mistakes: &'a mut Vec<RegisterError>,
}

impl Group<'_> {
    /// The same group with one more prefix.
    #[must_use]
    pub fn within(&mut self, prefix: &str) -> Group<'_> {
        Group {
            registry: self.registry.within(prefix),
            mistakes: self.mistakes,
        }
    }

    /// A name with all prefixes.
    #[must_use]
    pub fn full_name(&self, name: &str) -> String {
        self.registry.full_name(name)
    }

    /// Registers one metric; none if it has a mistake.
    pub fn member<T: GroupMember>(&mut self, member: Member<'_>) -> Option<T> {
        let registered = member.check(&self.registry).and_then(|()| {
            let made = T::register(&self.registry, &member)?;
            self.registry
                .promise(self.full_name(member.name), member.objectives);
            Ok(made)
        });
        registered.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    /// Registers another group.
    pub fn nested<T: Metrics>(&mut self, prefix: &str) -> Option<T> {
        T::register_in(&mut self.within(prefix))
    }
}

fn register_with<T: Metrics>(registry: &Registry) -> Result<T, RegisterError> {
    let mut mistakes = Vec::new();
    let made = T::register_in(&mut Group {
        registry: registry.clone(),
        mistakes: &mut mistakes,
    });
    match (RegisterError::of(mistakes), made) {
        (None, Some(made)) => Ok(made),
        (Some(mistake), _) => Err(mistake),
        // Only an implementation by hand comes here: it gave nothing, and no reason.
        (None, None) => Err(RegisterError::Several { mistakes: Vec::new() }),
    }
}

impl Registry {
    /// The definitions of what is registered here alone.
    fn own_definitions(&self) -> Vec<Definition> {
        let entries = self.staged_entries();
        let cells = entries.iter().filter_map(|entry| match entry {
            Entry::Cells(cells) => Some(&**cells),
            Entry::Collector(_) | Entry::Attached(_) => None,
        });
        cells.map(|cells| self.defined(cells)).collect()
    }
}
