//! What was recorded.

use groundcrew_metrics::Registry;

pub(crate) fn requests(registry: &Registry, method: &str, route: &str, status: u16) -> Option<u64> {
    let prefix =
        format!("http_requests_total{{method=\"{method}\",route=\"{route}\",status_code=\"{status}\"}} ");
    let text = registry.encode();
    let value = text.lines().find_map(|line| line.strip_prefix(&prefix))?;
    value.parse().ok()
}

pub(crate) fn in_flight(registry: &Registry) -> String {
    let text = registry.encode();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("http_requests_in_flight "));
    value.unwrap().to_owned()
}

/// The value of the sample whose line begins like this.
pub(crate) fn value(registry: &Registry, sample: &str) -> Option<f64> {
    let text = registry.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(sample))?;
    line.trim_start().parse().ok()
}

pub(crate) fn incomplete(registry: &Registry, route: &str, reason: &str) -> Option<f64> {
    value(
        registry,
        &format!("http_responses_incomplete_total{{method=\"GET\",route=\"{route}\",reason=\"{reason}\"}}"),
    )
}
