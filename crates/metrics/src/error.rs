use thiserror::Error;

/// Why a metric was not registered. The registry is unchanged.
///
/// All of these are mistakes in the program: they are found when it starts, not at a scrape.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{RegisterError, Registry};
///
/// let registry = Registry::new();
/// let _hits = registry.counter("cache_hits_total", "Lookups that found a value")?;
/// let again = registry.counter("cache_hits_total", "Lookups that found a value");
/// assert!(matches!(again, Err(RegisterError::Duplicate { name }) if name == "cache_hits_total"));
/// # Ok::<(), RegisterError>(())
/// ```
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another metric has this name, in the text format or in OpenMetrics, where a counter drops `_total`.
    #[error("metric {name} is already registered")]
    Duplicate {
        /// The full name, prefix included.
        name: String,
    },
    /// The name does not match `[a-zA-Z_][a-zA-Z0-9_]*`.
    #[error("metric name {name:?} is not valid: letters, digits and underscores, no digit first")]
    InvalidName {
        /// The full name, prefix included.
        name: String,
    },
    /// The name holds a part that Prometheus gives a meaning of its own.
    #[error("metric name {name} is not allowed: {reserved} is reserved")]
    ReservedName {
        /// The full name, prefix included.
        name: String,
        /// The reserved suffix or prefix.
        reserved: &'static str,
    },
    /// A counter's name does not end with `_total`.
    #[error("counter name {name} must end with _total")]
    MissingTotal {
        /// The full name, prefix included.
        name: String,
    },
    /// The help text is empty.
    #[error("metric {name} has no help text")]
    MissingHelp {
        /// The full name, prefix included.
        name: String,
    },
    /// A label is not valid, reserved (`le`, `quantile`, `__...`), or given twice.
    #[error("label {label:?} of metric {name} is not valid, reserved or given twice")]
    InvalidLabel {
        /// The full name of the metric, prefix included.
        name: String,
        /// The label.
        label: String,
    },
    /// A histogram without buckets.
    #[error("histogram {name} has no buckets")]
    EmptyBuckets {
        /// The full name, prefix included.
        name: String,
    },
    /// The upper bounds are not strictly ascending.
    #[error("the buckets of histogram {name} do not ascend at {bound}")]
    UnsortedBuckets {
        /// The full name, prefix included.
        name: String,
        /// The first bound that is not above the one before it.
        bound: f64,
    },
    /// An upper bound is NaN or infinite. The last bucket, `+Inf`, is always there.
    #[error("the buckets of histogram {name} hold {bound}, which is not finite")]
    InfiniteBucket {
        /// The full name, prefix included.
        name: String,
        /// The bound.
        bound: f64,
    },
}

impl RegisterError {
    /// Always false: the same registration fails again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        false
    }
}
