use crate::{Counter, Family, LabelValue, RegisterError, Registry, label_set::label_set};

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
pub struct ErrorMetrics(Family<ErrorLabels<'static>, Counter>);

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
    /// Registers the metric.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let help = "Errors by type and severity";
        registry.counter_family("errors_total", help).map(Self)
    }

    /// Counts one error. `kind` is one of a fixed set of names, never the message.
    pub fn record(&self, kind: &str, severity: Severity) {
        self.0.inc(&ErrorLabels { kind, severity });
    }
}

impl LabelValue for Severity {
    const VALUES: &'static [&'static str] = &["low", "medium", "high", "critical"];

    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn index(&self) -> usize {
        *self as usize
    }
}

label_set! {
    struct ErrorLabels<'a> {
        "type" => kind: &'a str,
        "severity" => severity: Severity,
    }
}
