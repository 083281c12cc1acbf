//! The JSON formats of `/api/health`.

mod health_json;
mod ui;

use http::{HeaderMap, HeaderValue, header::ACCEPT};

use crate::{CheckReport, Report, Selection};

/// Who is meant to read the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The contract of `/api/health`.
    Contract,
    /// `application/health+json`, draft-inadarei-api-health-check-06.
    HealthJson,
    /// What the `HealthChecks` UI of Xabaril polls.
    Ui,
}

impl Format {
    pub(crate) const COUNT: usize = 3;

    /// The format of this name, as it stands behind `?format=`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Contract),
            // A plus in a query is a space.
            "health+json" | "health json" => Some(Self::HealthJson),
            "ui" => Some(Self::Ui),
            _ => None,
        }
    }

    /// What the `Accept` header prefers of JSON and health+json; the contract if it does not say.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let mut best = (Self::Contract, 0.0);
        let lists = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for range in lists.flat_map(|list| list.split(',')) {
            let (name, weight) = weighted(range);
            let format = match name.to_ascii_lowercase().as_str() {
                "application/health+json" => Self::HealthJson,
                "application/json" | "application/*" | "*/*" => Self::Contract,
                _ => continue,
            };
            // What names the newer type means it.
            if weight > best.1 || (weight == best.1 && weight > 0.0 && format == Self::HealthJson) {
                best = (format, weight);
            }
        }
        best.0
    }

    pub(crate) const fn content_type(self) -> HeaderValue {
        match self {
            Self::Contract | Self::Ui => const { HeaderValue::from_static("application/json") },
            Self::HealthJson => const { HeaderValue::from_static("application/health+json") },
        }
    }

    pub(crate) fn render(self, report: &Report, details: bool) -> Vec<u8> {
        match self {
            Self::Contract => report.render(details),
            Self::HealthJson => health_json::report(report, details),
            Self::Ui => ui::report(report, details),
        }
    }

    /// The body about one check.
    pub(crate) fn render_check(self, check: &CheckReport, report: &Report, details: bool) -> Vec<u8> {
        match self {
            Self::Contract => check.render(details),
            Self::HealthJson | Self::Ui => self.render(&report.of(&Selection::one(&check.name)), details),
        }
    }
}

/// The name of a media range, and its weight from 0 to 1.
fn weighted(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    (name, weight)
}

/// Serialises what cannot fail to.
pub(crate) fn json(view: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(view).expect("keys are strings and no value fails to serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_header_decides() {
        let cases = [
            ("", Format::Contract),
            ("*/*", Format::Contract),
            ("text/html", Format::Contract),
            ("application/json", Format::Contract),
            ("application/health+json", Format::HealthJson),
            ("Application/Health+JSON; q=0.9, */*;q=0.1", Format::HealthJson),
            (
                "application/health+json;q=0.2, application/json",
                Format::Contract,
            ),
            ("application/json, application/health+json", Format::HealthJson),
            ("application/health+json;q=0", Format::Contract),
            ("application/health+json;q=x", Format::Contract),
        ];

        for (accept, format) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().expect("a header"))]);
            assert_eq!(Format::accepted(&headers), format, "{accept}");
        }
    }
}
