use std::time::Duration;

/// What a service promises: a share of its events that go well, or a mean latency.
///
/// The events of a service over 30 days are the base; what may go wrong of them is the error budget. See
/// `Monitoring::objective`; a field of a [group](crate::Metrics) has it as its attribute `slo`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// # #[cfg(feature = "rules")] {
/// use groundcrew_metrics::rules::Objective;
///
/// let available = Objective::availability("http_requests_total", 99.9).bad("status_code", "5..", "500");
/// let fast = Objective::latency("http_request_duration_seconds", 95.0, Duration::from_millis(100))
///     .except("route", "/api/feed")
///     .named("api-latency");
/// # let _ = (available, fast);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Objective {
    pub(crate) name: String,
    pub(crate) metric: String,
    pub(crate) target: Target,
    pub(crate) filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Availability { percent: f64, bad: Option<Bad> },
    Latency { percent: f64, threshold: Duration },
    Mean { threshold: Duration },
}

/// Which events are bad.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bad {
    Label {
        label: String,
        pattern: String,
        example: String,
    },
    Counter(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) label: String,
    pub(crate) operator: &'static str,
    pub(crate) value: String,
}

impl Objective {
    /// This percentage of the events that `metric` counts is good. `metric` is a counter, or a histogram, whose
    /// observations are counted. [`bad`](Self::bad) or [`bad_counter`](Self::bad_counter) says which ones are not good.
    pub fn availability(metric: impl Into<String>, percent: f64) -> Self {
        Self::new(
            metric.into(),
            "availability",
            Target::Availability { percent, bad: None },
        )
    }

    /// This percentage of the observations of a histogram of seconds is not above `threshold`, which must be one of its
    /// bucket boundaries. A p95 of 100 ms is 95 % below 100 ms.
    pub fn latency(metric: impl Into<String>, percent: f64, threshold: Duration) -> Self {
        Self::new(metric.into(), "latency", Target::Latency { percent, threshold })
    }

    /// The mean of the observations of a histogram of seconds is not above `threshold`. There is no error budget for a mean:
    /// the alert tells when it is too high for five minutes and for an hour.
    pub fn mean(metric: impl Into<String>, threshold: Duration) -> Self {
        Self::new(metric.into(), "mean", Target::Mean { threshold })
    }

    /// Events are bad whose `label` matches `pattern`, a regular expression of RE2 for the whole value. `example` is a value
    /// that matches, for the test of the alerts.
    pub fn bad(
        self,
        label: impl Into<String>,
        pattern: impl Into<String>,
        example: impl Into<String>,
    ) -> Self {
        self.with_bad(Bad::Label {
            label: label.into(),
            pattern: pattern.into(),
            example: example.into(),
        })
    }

    /// The bad events are counted by another counter, such as `db_query_errors_total`.
    pub fn bad_counter(self, metric: impl Into<String>) -> Self {
        self.with_bad(Bad::Counter(metric.into()))
    }

    /// The objective is for the events with this value of a label alone.
    pub fn only(self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.filter(label.into(), "=", value.into())
    }

    /// Leaves out the events whose label matches a regular expression of RE2.
    pub fn except(self, label: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.filter(label.into(), "!~", pattern.into())
    }

    /// What the objective is called in labels and alerts, such as `api-latency`. Default: from the metric and the kind.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    fn new(metric: String, kind: &str, target: Target) -> Self {
        let base = ["_total", "_duration_seconds", "_seconds"]
            .into_iter()
            .find_map(|suffix| metric.strip_suffix(suffix))
            .unwrap_or(&metric);
        Self {
            name: format!("{}-{kind}", base.replace('_', "-")),
            metric,
            target,
            filters: Vec::new(),
        }
    }

    fn with_bad(mut self, events: Bad) -> Self {
        if let Target::Availability { bad, .. } = &mut self.target {
            *bad = Some(events);
        }
        self
    }

    fn filter(mut self, label: String, operator: &'static str, value: String) -> Self {
        self.filters.push(Filter {
            label,
            operator,
            value,
        });
        self
    }

    /// The latency that must be a boundary of these buckets, if it is none.
    pub(crate) fn missing_boundary(&self, bounds: &[f64]) -> Option<Duration> {
        match self.target {
            Target::Latency { threshold, .. } if boundary(bounds, threshold).is_none() => Some(threshold),
            Target::Latency { .. } | Target::Availability { .. } | Target::Mean { .. } => None,
        }
    }

    /// All texts of the user's own.
    #[cfg(feature = "rules")]
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        let bad = match &self.target {
            Target::Availability {
                bad: Some(Bad::Label { pattern, example, .. }),
                ..
            } => vec![pattern, example],
            _ => Vec::new(),
        };
        let filters = self.filters.iter().map(|filter| &filter.value);
        bad.into_iter().chain(filters).chain([&self.name])
    }

    /// The name as a part of an alert's name: `HttpRequestsAvailability`.
    #[cfg(feature = "rules")]
    pub(crate) fn camel(&self) -> String {
        let mut camel = String::new();
        for word in self
            .name
            .split(|character: char| !character.is_ascii_alphanumeric())
        {
            let mut characters = word.chars();
            camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
            camel.push_str(characters.as_str());
        }
        camel
    }
}

/// The bucket boundary, in seconds, that a threshold is. Durations are compared: 7.3 as a float depends on how it was
/// made.
pub(crate) fn boundary(bounds: &[f64], threshold: Duration) -> Option<f64> {
    let is_it = |bound: &f64| Duration::try_from_secs_f64(*bound) == Ok(threshold);
    bounds.iter().copied().find(is_it)
}
