use std::time::Duration;

use crate::{
    Registry, attached,
    descriptor::{Descriptor, Kind},
    objective::Objective,
    registered,
    registry::{CellsEntry, Entry},
};

/// What is known of a registered metric before it has a value: enough to write rules, dashboards and documents
/// from.
///
/// [`Registry::definitions`] gives one for each family.
///
/// # Examples
/// ```
/// use groundcrew_metrics::Registry;
///
/// let registry = Registry::new();
/// let _latency = registry.histogram("job_duration_seconds", "Time a job took", &[0.1, 1.0])?;
/// let definitions = registry.definitions();
/// assert_eq!(definitions[0].name(), "job_duration_seconds");
/// assert_eq!(definitions[0].kind(), "histogram");
/// assert_eq!(definitions[0].unit(), Some("seconds"));
/// assert_eq!(definitions[0].buckets(), [0.1, 1.0]);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) labels: Vec<LabelDefinition>,
    pub(crate) buckets: Vec<f64>,
    pub(crate) expires_after: Option<Duration>,
    pub(crate) objectives: Vec<Objective>,
}

/// A label of a [`Definition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelDefinition {
    name: String,
    values: Vec<String>,
}

/// The labels and buckets of a family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) labels: Vec<LabelDefinition>,
    pub(crate) buckets: Vec<f64>,
}

impl Definition {
    /// The full name, as it is exposed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The help text.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// `counter`, `gauge`, `histogram`, `info` or `unknown`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    /// The base unit that the name ends with, such as `seconds`.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        crate::name::unit(crate::name::open_metrics(&self.name, self.kind))
    }

    /// The labels, in order.
    #[must_use]
    pub fn labels(&self) -> &[LabelDefinition] {
        &self.labels
    }

    /// The upper bounds of the buckets, without `+Inf`; empty unless it is a histogram.
    #[must_use]
    pub fn buckets(&self) -> &[f64] {
        &self.buckets
    }

    /// How long a series stays that is not [used](crate::FamilyBuilder::expire_after); none where all stay.
    #[must_use]
    pub const fn expires_after(&self) -> Option<Duration> {
        self.expires_after
    }

    /// What is promised about it, as the attribute `slo` of a [group](crate::Metrics) says.
    #[cfg(feature = "rules")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rules")))]
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    #[cfg(feature = "rules")]
    pub(crate) fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|known| known.name == label)
    }
}

impl Shape {
    pub(crate) fn labelled(labels: &[&str]) -> Self {
        Self {
            labels: labels
                .iter()
                .map(|label| LabelDefinition::new(label, &[]))
                .collect(),
            buckets: Vec::new(),
        }
    }
}

impl LabelDefinition {
    pub(crate) fn new(name: &str, values: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All values it can have; empty when it may be any text.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

impl Registry {
    /// What is registered now, in the order of the registration, whatever the prefix of this handle. A family of
    /// an attached registry is there once it has samples.
    ///
    /// The labels of a collector's families are those that its descriptors [name](Descriptor::labels).
    #[must_use]
    pub fn definitions(&self) -> Vec<Definition> {
        let entries = self.entries();
        let mut definitions = Vec::new();
        for entry in &entries {
            match entry {
                Entry::Cells(cells) => definitions.push(self.defined(cells)),
                Entry::Collector(collector) => definitions.extend(collector.families().iter().map(described)),
                Entry::Attached(registry) => definitions.extend(attached::definitions(registry)),
            }
        }
        if entries.iter().any(|entry| matches!(entry, Entry::Collector(_))) {
            definitions.extend(registered::NAMES.map(|(name, help, kind)| Definition {
                name: name.to_owned(),
                help: help.to_owned(),
                kind,
                labels: vec![LabelDefinition::new("collector", &[])],
                buckets: Vec::new(),
                expires_after: None,
                objectives: Vec::new(),
            }));
        }
        definitions
    }

    pub(crate) fn defined(&self, cells: &CellsEntry) -> Definition {
        let shape = cells.cells.shape();
        Definition {
            name: cells.name.clone(),
            help: cells.help.clone(),
            kind: cells.kind,
            labels: shape.labels,
            buckets: shape.buckets,
            expires_after: cells.expires_after,
            objectives: self.objectives(&cells.name),
        }
    }
}

fn described((name, descriptor): &(String, Descriptor)) -> Definition {
    Definition {
        name: name.clone(),
        help: descriptor.help().to_owned(),
        kind: descriptor.kind(),
        labels: descriptor
            .label_names()
            .map(|label| LabelDefinition::new(label, &[]))
            .collect(),
        buckets: Vec::new(),
        expires_after: None,
        objectives: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prometheus_client::{
        metrics::counter::Counter as ForeignCounter, registry::Registry as ForeignRegistry,
    };

    use super::*;
    use crate::{Collector, Gauge, LabelVisitor, Labels, Samples};

    struct Route<'a>(&'a str);

    impl Labels for Route<'_> {
        type With<'a> = Route<'a>;
        const NAMES: &'static [&'static str] = &["route"];

        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value(self.0);
        }
    }

    struct Disk;

    impl Collector for Disk {
        fn describe(&self) -> Vec<Descriptor> {
            vec![Descriptor::gauge("disk_free_bytes", "Free space").labels(["mount"])]
        }

        fn collect(&self, _: &mut Samples<'_>) {}
    }

    #[test]
    fn a_definition_says_when_series_expire_which_takes_a_second_at_least() {
        let registry = Registry::new();
        for (name, idle) in [("slow", 600), ("hasty", 0)] {
            let family = registry.family::<Route<'_>, Gauge>(name, "Help");
            drop(family.expire_after(Duration::from_secs(idle)).register().unwrap());
        }
        let _stays = registry.gauge_family::<Route<'_>>("stays", "Help").unwrap();

        let expire = registry.definitions();

        let expire: Vec<_> = expire.iter().take(3).map(Definition::expires_after).collect();
        assert_eq!(
            expire,
            [Some(Duration::from_mins(10)), Some(Duration::from_secs(1)), None]
        );
    }

    #[test]
    fn everything_that_can_be_scraped_is_defined() {
        let registry = Registry::new();
        let _jobs = registry.with_prefix("app").counter("jobs_total", "Jobs").unwrap();
        registry.collector(Disk).unwrap();
        let mut foreign = ForeignRegistry::default();
        foreign.register("theirs", "Of another library", ForeignCounter::<u64>::default());
        registry.attach(Arc::new(foreign));

        let definitions = registry.definitions();

        let names: Vec<(&str, &str)> = definitions.iter().map(|one| (one.name(), one.kind())).collect();
        assert_eq!(
            names,
            [
                ("app_jobs_total", "counter"),
                ("disk_free_bytes", "gauge"),
                ("theirs_total", "counter"),
                ("metrics_overflow_total", "counter"),
                ("metrics_rejected_total", "counter"),
                ("scrape_collector_success", "gauge"),
                ("scrape_collector_duration_seconds", "gauge"),
            ]
        );
        assert_eq!(definitions[1].labels(), [LabelDefinition::new("mount", &[])]);
        assert_eq!(definitions[1].unit(), Some("bytes"));
    }
}
