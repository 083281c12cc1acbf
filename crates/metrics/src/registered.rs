use std::{
    collections::HashSet,
    mem,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::{
    Collector, Descriptor, Samples,
    collector::SampledFamily,
    descriptor::Kind,
    exposition::{Extras, Number, Writer, escape_label},
    scrape::Names,
};

/// A collector in a registry.
pub(crate) struct Registered {
    name: String,
    collector: Box<dyn Collector>,
    /// The full name of each family.
    families: Vec<(String, Descriptor)>,
    /// Whether the last run failed: a change is logged, not each scrape.
    is_failing: AtomicBool,
}

/// What one run of a collector came to.
pub(crate) struct Run {
    collector: String,
    pub(crate) families: Vec<SampledFamily>,
    success: bool,
    duration: Duration,
}

impl Registered {
    pub(crate) fn new(collector: Box<dyn Collector>, families: Vec<(String, Descriptor)>) -> Self {
        Self {
            name: collector.name().to_owned(),
            collector,
            families,
            is_failing: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The full name of each family, and what it is.
    pub(crate) fn families(&self) -> &[(String, Descriptor)] {
        &self.families
    }

    /// Sees to it that no other collector is shown under the same name: series would be there twice.
    pub(crate) fn settle_name(&mut self, taken: &HashSet<&str>) {
        let is_free = |name: &str| !name.is_empty() && !taken.contains(name);
        let first = self.families.first().map_or("collector", |(name, _)| name);
        let numbered = (2..).map(|number: usize| format!("{first}_{number}"));
        let given = mem::take(&mut self.name);
        let mut candidates = [given, first.to_owned()].into_iter().chain(numbered);
        self.name = candidates.find(|name| is_free(name)).unwrap_or_default();
    }

    /// Whether one of its families, given by full name and kind, is like this.
    pub(crate) fn has(&self, is_like_this: impl Fn(&str, Kind) -> bool) -> bool {
        self.families
            .iter()
            .any(|(name, family)| is_like_this(name, family.kind()))
    }

    /// Runs the collector. After a panic nothing of what it has read is left.
    pub(crate) fn collect(&self, deadline: Option<Instant>) -> Run {
        let started = Instant::now();
        let (families, failure) = run(&*self.collector, &self.families, deadline);
        self.log(failure.as_deref());
        Run {
            collector: self.name.clone(),
            families,
            success: failure.is_none(),
            duration: started.elapsed(),
        }
    }

    fn log(&self, failure: Option<&str>) {
        if self.is_failing.swap(failure.is_some(), Ordering::Relaxed) == failure.is_some() {
            return;
        }
        match failure {
            Some(error) => tracing::warn!(
                target: "groundcrew::metrics",
                collector = self.name,
                error,
                "a collector failed"
            ),
            None => tracing::info!(
                target: "groundcrew::metrics",
                collector = self.name,
                "a collector works again"
            ),
        }
    }
}

/// Runs a collector over empty families; gives what it has read and what went wrong.
pub(crate) fn run(
    collector: &dyn Collector,
    families: &[(String, Descriptor)],
    deadline: Option<Instant>,
) -> (Vec<SampledFamily>, Option<String>) {
    let mut families = empty(families);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut samples = Samples::of(&mut families, deadline);
        collector.collect(&mut samples);
        samples.into_failure()
    }));
    match outcome {
        Ok(failure) => (families, failure),
        Err(_panic) => (Vec::new(), Some("it panicked".to_owned())),
    }
}

pub(crate) fn empty(families: &[(String, Descriptor)]) -> Vec<SampledFamily> {
    families
        .iter()
        .map(|(name, descriptor)| SampledFamily::empty(name.clone(), descriptor.clone()))
        .collect()
}

/// Writes how the collectors fared.
pub(crate) fn write_runs(runs: &[Run], names: &Names, to: &mut Writer) {
    if runs.is_empty() {
        return;
    }
    let value = |run: &Run, kind: &str| match kind {
        SUCCESS => Number::UInt(run.success.into()),
        _ => Number::Float(run.duration.as_secs_f64()),
    };
    for (name, help, kind) in NAMES
        .into_iter()
        .filter(|(name, _, kind)| names.want(name, *kind))
    {
        to.family(name, help, kind, |to| {
            for run in runs {
                let mut labels = String::new();
                escape_label(&mut labels, "collector", &run.collector);
                to.number(&labels, value(run, name), &Extras::default());
            }
        });
    }
}

/// The families about collectors; they have no prefix.
pub(crate) const NAMES: [(&str, &str, Kind); 2] = [
    (
        SUCCESS,
        "Whether a collector gave all of its samples to this scrape",
        Kind::Gauge,
    ),
    (DURATION, "How long a collector took for this scrape", Kind::Gauge),
];
const SUCCESS: &str = "scrape_collector_success";
const DURATION: &str = "scrape_collector_duration_seconds";

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);

    impl Collector for Named {
        fn describe(&self) -> Vec<Descriptor> {
            Vec::new()
        }

        fn collect(&self, _: &mut Samples<'_>) {}

        fn name(&self) -> &str {
            self.0
        }
    }

    #[test]
    fn no_two_collectors_have_one_name() {
        let mut settled: Vec<Registered> = Vec::new();
        for (name, family) in [
            ("db", "a_db"),
            ("db", "b_db"),
            ("", "c_total"),
            ("b_db", "d"),
            ("", "b_db"),
        ] {
            let families = vec![(family.to_owned(), Descriptor::gauge(family, "Help"))];
            let mut next = Registered::new(Box::new(Named(name)), families);
            next.settle_name(&settled.iter().map(Registered::name).collect());
            settled.push(next);
        }

        let names: Vec<&str> = settled.iter().map(|collector| &*collector.name).collect();
        assert_eq!(names, ["db", "b_db", "c_total", "d", "b_db_2"]);
    }
}
