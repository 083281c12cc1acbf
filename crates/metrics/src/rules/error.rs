use thiserror::Error;

/// Why no rules were made: a mistake in the objectives or the settings.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RulesError {
    /// No metric of this name is registered.
    #[error("objective {objective:?}: metric {metric} is not registered")]
    UnknownMetric {
        /// The objective.
        objective: String,
        /// The name that was looked for.
        metric: String,
    },
    /// The metric has no such label.
    #[error("objective {objective:?}: metric {metric} has no label {label}")]
    UnknownLabel {
        /// The objective.
        objective: String,
        /// The metric.
        metric: String,
        /// The label that it does not have.
        label: String,
    },
    /// The metric is of another kind than the objective needs.
    #[error("objective {objective:?}: metric {metric} is a {kind}, not a {expected}")]
    WrongKind {
        /// The objective.
        objective: String,
        /// The metric.
        metric: String,
        /// What it is.
        kind: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The latency lies between two buckets, so nobody can tell how many requests stayed below it.
    #[error(
        "objective {objective:?}: {threshold} is not a bucket boundary of {metric}, which has {buckets:?}"
    )]
    NotABoundary {
        /// The objective.
        objective: String,
        /// The histogram.
        metric: String,
        /// The latency, in the unit of the metric.
        threshold: f64,
        /// The boundaries that there are.
        buckets: Vec<f64>,
    },
    /// A percentage that is not above 0 and below 100.
    #[error("objective {objective:?}: {percent} % is not between 0 and 100")]
    InvalidPercent {
        /// The objective.
        objective: String,
        /// The percentage.
        percent: f64,
    },
    /// An objective of availability that does not say what is bad.
    #[error("objective {objective:?} does not say which events are bad")]
    NothingIsBad {
        /// The objective.
        objective: String,
    },
    /// Two objectives have one name, or names that differ in punctuation alone.
    #[error("there are two objectives {objective:?}")]
    DuplicateObjective {
        /// The objective.
        objective: String,
    },
    /// A label for alerts whose name is not valid, or which the rules set themselves.
    #[error("alerts cannot have a label {label:?}: it is not valid, or the rules set it")]
    InvalidLabel {
        /// The label.
        label: String,
    },
    /// A setting names an alert that is not there.
    #[error("there is no alert {alert:?}")]
    UnknownAlert {
        /// The alert.
        alert: String,
    },
    /// A text with U+FFFD, which Prometheus takes for broken UTF-8 in the series of a test.
    #[error("{text:?} holds the replacement character U+FFFD, which Prometheus does not read")]
    ReplacementCharacter {
        /// The text.
        text: String,
    },
    /// The name of the service is empty.
    #[error("the service has no name")]
    NoService,
}

impl RulesError {
    /// Always false: the same settings fail again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        false
    }
}
