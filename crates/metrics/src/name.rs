//! The rules of names, help texts, labels and buckets.

use std::borrow::Cow;

use crate::{RegisterError, descriptor::Kind, limits::OTHER};

/// Checks a full metric name and its help text.
pub(crate) fn check_metric(name: &str, help: &str, kind: Kind) -> Result<(), RegisterError> {
    let owned = || name.to_owned();
    if !is_identifier(name) || !is_identifier(open_metrics(name, kind)) {
        return Err(RegisterError::InvalidName { name: owned() });
    }
    if let Some(reserved) = reserved_part(name, kind) {
        return Err(RegisterError::ReservedName {
            name: owned(),
            reserved,
        });
    }
    if kind == Kind::Counter && !name.ends_with(TOTAL) {
        return Err(RegisterError::MissingTotal { name: owned() });
    }
    if kind == Kind::Info && !name.ends_with(INFO) {
        return Err(RegisterError::MissingInfo { name: owned() });
    }
    if help.trim().is_empty() {
        return Err(RegisterError::MissingHelp { name: owned() });
    }
    Ok(())
}

/// Checks the label names of a family.
pub(crate) fn check_labels(name: &str, labels: &[&str]) -> Result<(), RegisterError> {
    let mut rest = labels;
    while let Some((label, after)) = rest.split_first() {
        if !is_label(label) || after.contains(label) {
            return Err(RegisterError::InvalidLabel {
                name: name.to_owned(),
                label: (*label).to_owned(),
            });
        }
        rest = after;
    }
    Ok(())
}

/// Checks the values of labels that have few and known ones.
pub(crate) fn check_values(name: &str, labels: &[&str], values: &[&[&str]]) -> Result<(), RegisterError> {
    let mut all = labels.iter().zip(values);
    match all.find(|(_, values)| values.contains(&OTHER)) {
        Some((label, _)) => Err(RegisterError::ReservedValue {
            name: name.to_owned(),
            label: (*label).to_owned(),
        }),
        None => Ok(()),
    }
}

/// Checks the upper bounds of a histogram.
pub(crate) fn check_buckets(name: &str, buckets: &[f64]) -> Result<(), RegisterError> {
    let name = || name.to_owned();
    if buckets.is_empty() {
        return Err(RegisterError::EmptyBuckets { name: name() });
    }
    if let Some(&bound) = buckets.iter().find(|bound| !bound.is_finite()) {
        return Err(RegisterError::InfiniteBucket { name: name(), bound });
    }
    match buckets
        .iter()
        .zip(buckets.iter().skip(1))
        .find(|(low, high)| low >= high)
    {
        Some((_, &bound)) => Err(RegisterError::UnsortedBuckets { name: name(), bound }),
        None => Ok(()),
    }
}

/// Whether a label may be exposed: valid, and not one that Prometheus or a histogram uses itself.
pub(crate) fn is_label(label: &str) -> bool {
    is_identifier(label) && !label.starts_with("__") && label != "le" && label != "quantile"
}

/// The name of a family in OpenMetrics, where counters and infos drop their suffix.
pub(crate) fn open_metrics(name: &str, kind: Kind) -> &str {
    match kind {
        Kind::Counter => name.strip_suffix(TOTAL).unwrap_or(name),
        Kind::Info => name.strip_suffix(INFO).unwrap_or(name),
        Kind::Gauge | Kind::Histogram | Kind::Unknown => name,
    }
}

/// All names that its lines have in any format: nothing else may have one of them.
pub(crate) fn of_lines(name: &str, kind: Kind) -> impl Iterator<Item = String> {
    let suffixes: &[&str] = match kind {
        Kind::Counter => &["", TOTAL, "_created"],
        Kind::Histogram => &["", "_bucket", "_count", "_sum", "_created"],
        Kind::Info => &["", INFO],
        Kind::Gauge | Kind::Unknown => &[""],
    };
    let name = open_metrics(name, kind);
    suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
}

/// The base unit that the name of an OpenMetrics family ends with.
pub(crate) fn unit(name: &str) -> Option<&'static str> {
    let (_, last) = name.rsplit_once('_')?;
    UNITS.into_iter().find(|unit| *unit == last)
}

/// A name with underscores in place of what is not allowed: Prometheus's own escaping.
pub(crate) fn valid(name: &str) -> Cow<'_, str> {
    let is_allowed = |character: char| matches!(character, '_' | ':') || character.is_ascii_alphanumeric();
    let starts_well = name.starts_with(|first: char| is_allowed(first) && !first.is_ascii_digit());
    if starts_well && name.chars().all(is_allowed) {
        return Cow::Borrowed(name);
    }
    let underscore = if starts_well || !name.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        "_"
    };
    let allowed = |character| if is_allowed(character) { character } else { '_' };
    Cow::Owned(underscore.chars().chain(name.chars().map(allowed)).collect())
}

/// A label's name with underscores in place of what is not allowed.
pub(crate) fn valid_label(name: &str) -> String {
    valid(name).replace(':', "_")
}

// A colon is legal in Prometheus, but kept for recording rules.
fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn reserved_part(name: &str, kind: Kind) -> Option<&'static str> {
    if name.starts_with("__") {
        return Some("__");
    }
    if kind != Kind::Counter && name.ends_with(TOTAL) {
        return Some(TOTAL);
    }
    let series = name.strip_suffix(TOTAL).unwrap_or(name);
    SERIES_SUFFIXES
        .into_iter()
        .find(|suffix| series.ends_with(suffix))
}

pub(crate) const TOTAL: &str = "_total";
pub(crate) const INFO: &str = "_info";
/// The units of Prometheus and OpenMetrics, without those that also name other things.
const UNITS: [&str; 12] = [
    "seconds", "bytes", "ratio", "celsius", "kelvins", "meters", "volts", "amperes", "joules", "grams",
    "watts", "hertz",
];
const SERIES_SUFFIXES: [&str; 4] = ["_bucket", "_count", "_sum", "_created"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass() {
        for (name, kind) in [
            ("cache_hits_total", Kind::Counter),
            ("_private", Kind::Gauge),
            ("build_info", Kind::Info),
            ("system_info", Kind::Gauge),
            ("http_request_duration_seconds", Kind::Histogram),
        ] {
            assert_eq!(check_metric(name, "help", kind), Ok(()), "{name}");
        }
    }

    #[test]
    fn bad_names_are_told_apart() {
        let check = |name: &str, kind| check_metric(name, "help", kind).unwrap_err();
        let name = |name: &str| name.to_owned();

        for bad in ["", "9lives", "a-b", "é", "job:rate5m", "a b"] {
            assert_eq!(
                check(bad, Kind::Gauge),
                RegisterError::InvalidName { name: name(bad) }
            );
        }
        // OpenMetrics would have no name for them.
        for (bad, kind) in [("_total", Kind::Counter), ("_info", Kind::Info)] {
            assert_eq!(check(bad, kind), RegisterError::InvalidName { name: name(bad) });
        }
        for (bad, kind, reserved) in [
            ("connections_total", Kind::Gauge, "_total"),
            ("items_count", Kind::Gauge, "_count"),
            ("rows_sum", Kind::Histogram, "_sum"),
            ("x_bucket_total", Kind::Counter, "_bucket"),
            ("__name", Kind::Gauge, "__"),
        ] {
            assert_eq!(
                check(bad, kind),
                RegisterError::ReservedName {
                    name: name(bad),
                    reserved
                }
            );
        }
        assert_eq!(
            check("hits", Kind::Counter),
            RegisterError::MissingTotal { name: name("hits") }
        );
        assert_eq!(
            check("build", Kind::Info),
            RegisterError::MissingInfo { name: name("build") }
        );
        assert_eq!(
            check_metric("up", " ", Kind::Gauge),
            Err(RegisterError::MissingHelp { name: name("up") })
        );
    }

    #[test]
    fn labels_are_checked() {
        assert_eq!(check_labels("m", &["method", "route"]), Ok(()));
        for labels in [
            &["a", "a"][..],
            &["le"],
            &["__x"],
            &["bad-name"],
            &["quantile"],
            &[""],
        ] {
            let error = check_labels("m", labels).unwrap_err();
            assert_eq!(
                error,
                RegisterError::InvalidLabel {
                    name: "m".into(),
                    label: labels[0].into()
                }
            );
        }
    }

    #[test]
    fn a_label_of_known_values_has_not_that_of_the_overflow() {
        let values: &[&[&str]] = &[&[], &["a", "__other__"]];

        assert_eq!(
            check_values("m", &["route", "kind"], values),
            Err(RegisterError::ReservedValue {
                name: "m".into(),
                label: "kind".into()
            })
        );
        assert_eq!(check_values("m", &["route", "kind"], &[&[], &["other"]]), Ok(()));
    }

    #[test]
    fn buckets_are_checked() {
        let name = || "h".to_owned();

        assert_eq!(check_buckets("h", &[-1.0, 0.0, 0.5]), Ok(()));
        assert_eq!(
            check_buckets("h", &[]),
            Err(RegisterError::EmptyBuckets { name: name() })
        );
        assert_eq!(
            check_buckets("h", &[1.0, 2.0, 2.0]),
            Err(RegisterError::UnsortedBuckets {
                name: name(),
                bound: 2.0
            })
        );
        assert_eq!(
            check_buckets("h", &[1.0, f64::INFINITY]),
            Err(RegisterError::InfiniteBucket {
                name: name(),
                bound: f64::INFINITY
            })
        );
    }
}
