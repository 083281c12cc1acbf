use std::{collections::BTreeMap, sync::Arc};

use super::sources::Sources;
use crate::{
    Counter, Family, LabelValue, RegisterError, Registry,
    definition::Shape,
    descriptor::Kind,
    exemplar::ExemplarView,
    exposition::escape_label,
    label_set::label_set,
    series::{Cells, Reading, Series},
    unix_time,
};

/// Counts errors: `errors_total{type,severity}`.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{ErrorMetrics, Registry, Severity};
///
/// let registry = Registry::new();
/// let errors = ErrorMetrics::register(&registry)?;
/// errors.record("payment", Severity::High);
/// assert!(registry.encode().contains("errors_total{type=\"payment\",severity=\"high\"} 1"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ErrorMetrics(Option<Arc<Counts>>);

#[derive(Debug)]
struct Counts {
    own: Family<ErrorLabels<'static>, Counter>,
    sources: Sources<Source>,
    created: u64,
}

type Source = dyn Fn(&mut dyn FnMut(&str, Severity, u64)) + Send + Sync;

/// How bad an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Severity {
    /// Nobody needs to act.
    Low,
    /// Someone should look at it in time.
    Medium,
    /// Someone should look at it today.
    High,
    /// Someone should look at it now.
    Critical,
}

impl ErrorMetrics {
    /// Registers the metric, or gives the one that is registered already.
    ///
    /// # Errors
    /// When something else has the name.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let make = || {
            let help = "Errors by type and severity";
            let counts = Arc::new(Counts {
                // Its series are exposed together with those of the sources.
                own: Registry::new().counter_family(NAME, help)?,
                sources: Sources::default(),
                created: unix_time::millis(),
            });
            let cells = Arc::new(ErrorCells(Arc::clone(&counts)));
            registry.register(NAME, help, Kind::Counter, cells)?;
            Ok(Self(Some(counts)))
        };
        registry.recorder("", make, Self(None))
    }

    /// Counts one error. `kind` is one of a fixed set of names, never the message.
    pub fn record(&self, kind: &str, severity: Severity) {
        if let Some(counts) = &self.0 {
            counts.own.inc(&ErrorLabels { kind, severity });
        }
    }

    /// Asks `source` at each scrape: it calls what it is given with each type, severity, and the number of errors
    /// since the process has started. They are added to those that were recorded.
    pub fn add_source(&self, source: impl Fn(&mut dyn FnMut(&str, Severity, u64)) + Send + Sync + 'static) {
        if let Some(counts) = &self.0 {
            counts.sources.add(Arc::new(source));
        }
    }
}

/// The counts that were recorded, and those of the sources.
struct ErrorCells(Arc<Counts>);

impl ErrorCells {
    /// By rendered labels.
    fn of_sources(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        self.0.sources.ask(|source| {
            source(&mut |kind, severity, count| {
                let mut labels = String::new();
                escape_label(&mut labels, "type", kind);
                escape_label(&mut labels, "severity", severity.as_str());
                let sum: &mut u64 = counts.entry(labels).or_default();
                *sum = sum.saturating_add(count);
            });
        });
        counts
    }
}

impl Cells for ErrorCells {
    fn is_empty(&self) -> bool {
        self.0.sources.is_empty() && self.0.own.cells().is_empty()
    }

    fn len(&self) -> usize {
        self.0.own.cells().len() + self.of_sources().len()
    }

    fn shape(&self) -> Shape {
        self.0.own.cells().shape()
    }

    fn each_overflow(&self, show: &mut dyn FnMut(&str, u64)) {
        self.0.own.cells().each_overflow(show);
    }

    fn rejected(&self) -> u64 {
        self.0.own.cells().rejected()
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        let mut others = self.of_sources();
        self.0
            .own
            .cells()
            .each(&mut |series| match (others.remove(series.labels), series.value) {
                (Some(others), Reading::Count(own)) => show(&Series {
                    value: Reading::Count(own.saturating_add(others)),
                    ..*series
                }),
                _ => show(series),
            });
        for (labels, count) in &others {
            show(&Series {
                labels,
                value: Reading::Count(*count),
                created: self.0.created,
                exemplars: ExemplarView::NONE,
            });
        }
    }
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl LabelValue for Severity {
    const VALUES: &'static [&'static str] = &["low", "medium", "high", "critical"];

    fn text(&self) -> impl AsRef<str> {
        self.as_str()
    }

    fn index(&self) -> usize {
        *self as usize
    }
}

const NAME: &str = "errors_total";

label_set! {
    struct ErrorLabels<'a> {
        "type" => kind: &'a str,
        "severity" => severity: Severity,
    }
}
