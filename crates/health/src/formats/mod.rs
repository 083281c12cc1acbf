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
        let (mut contract, mut newer) = (Preference::default(), Preference::default());
        let lists = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for range in lists.flat_map(|list| list.split(',')) {
            let (name, weight) = weighted(range);
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let (exactness, of) = match () {
                () if is("*/*") => (1, [Some(&mut contract), Some(&mut newer)]),
                () if is("application/*") => (2, [Some(&mut contract), Some(&mut newer)]),
                () if is("application/json") => (3, [Some(&mut contract), None]),
                () if is("application/health+json") => (3, [None, Some(&mut newer)]),
                () => continue,
            };
            of.into_iter().flatten().for_each(|of| of.hear(exactness, weight));
        }
        // What names the newer type means it.
        let is_meant = newer.exactness == 3 && newer.weight >= contract.weight;
        if newer.weight > 0.0 && (is_meant || newer.weight > contract.weight) {
            return Self::HealthJson;
        }
        Self::Contract
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

/// How much a type is liked, which the range says that names it most exactly (RFC 9110, 12.5.1).
#[derive(Default)]
struct Preference {
    exactness: u8,
    weight: f32,
}

impl Preference {
    fn hear(&mut self, exactness: u8, weight: f32) {
        let is_as_exact = exactness == self.exactness && weight > self.weight;
        if exactness > self.exactness || is_as_exact {
            *self = Self { exactness, weight };
        }
    }
}

/// The name of a media range, and its weight from 0 to 1.
fn weighted(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| {
        let (name, weight) = part.split_once('=')?;
        name.trim_end()
            .eq_ignore_ascii_case("q")
            .then_some(weight.trim_start())
    });
    let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
    let weight = weight.filter(|weight| weight.is_finite());
    let weight = weight.unwrap_or(0.0).clamp(0.0, 1.0);
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
    fn several_headers_are_one_list() {
        let values = ["application/json;q=0.4", "application/health+json;q=0.6"];
        let headers = values.map(|value| (ACCEPT, value.parse().expect("a header")));

        assert_eq!(
            Format::accepted(&HeaderMap::from_iter(headers)),
            Format::HealthJson
        );
    }

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
            // What is named more exactly counts, wherever it stands.
            (
                "*/*;q=0.9, application/json;q=0.1, application/health+json;q=0.5",
                Format::HealthJson,
            ),
            ("application/health+json;q=0.5, */*", Format::Contract),
            (
                "application/*;q=0.3, application/health+json;q=0.2",
                Format::Contract,
            ),
            (
                "application/health+json;q=0.4, application/*;q=0.3",
                Format::HealthJson,
            ),
            ("application/json;q=0, application/*", Format::HealthJson),
            ("application/json;q=0, */*;q=0.1", Format::HealthJson),
            (
                "application/health+json ; Q=0.5 , application/json ; q=0.4",
                Format::HealthJson,
            ),
            (
                "application/health+json;q=2, application/json",
                Format::HealthJson,
            ),
            (
                "application/health+json;q=nan, application/json;q=0.1",
                Format::Contract,
            ),
            (
                "application/health+json;q=-1, application/json;q=0.1",
                Format::Contract,
            ),
            (
                "application/health+json;q=inf, application/json;q=0.1",
                Format::Contract,
            ),
            (
                "application/health+json; charset=utf-8; q=0.9, application/json;q=0.8",
                Format::HealthJson,
            ),
            (",, ;q=1,application/health+json,", Format::HealthJson),
        ];

        for (accept, format) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().expect("a header"))]);
            assert_eq!(Format::accepted(&headers), format, "{accept}");
        }
    }
}
