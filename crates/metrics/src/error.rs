use std::{fmt, slice, time::Duration};

use thiserror::Error;

/// Why a metric, or a [group](crate::Metrics) of them, was not registered. The registry is unchanged.
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
    /// The name of an info does not end with `_info`.
    #[error("info name {name} must end with _info")]
    MissingInfo {
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
    /// A label of known values has `__other__` among them, which stands for what a full label has no room for.
    #[error("label {label} of metric {name} has the value __other__, which is reserved")]
    ReservedValue {
        /// The full name of the metric, prefix included.
        name: String,
        /// The label.
        label: String,
    },
    /// A path that is to be a route is not a pattern of axum's, or cannot be told from one before it.
    #[error("route {route:?} is not a path pattern, or matches the same paths as another one")]
    InvalidRoute {
        /// The pattern.
        route: String,
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
    /// An objective of a group is for a latency that lies between two buckets, so nobody could tell whether it is met.
    #[error("an objective of histogram {name} is for {threshold:?}, which is no boundary of its buckets")]
    NotABoundary {
        /// The full name, prefix included.
        name: String,
        /// The latency.
        threshold: Duration,
    },
    /// Several metrics of a group have mistakes.
    #[error("{} mistakes: {}", .mistakes.len(), Listed(.mistakes))]
    Several {
        /// All of them, in the order of the fields.
        mistakes: Vec<Self>,
    },
}

impl RegisterError {
    /// Every mistake: those of a group one by one, else this one.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::Several { mistakes } => mistakes.iter(),
            one => slice::from_ref(one).iter(),
        }
    }

    /// One error for all of these.
    pub(crate) fn of(mut mistakes: Vec<Self>) -> Option<Self> {
        match mistakes.len() {
            0 | 1 => mistakes.pop(),
            _ => Some(Self::Several { mistakes }),
        }
    }

    /// Always false: the same registration fails again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        false
    }
}

struct Listed<'a>(&'a [RegisterError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}
