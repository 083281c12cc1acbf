//! The names of metrics, as far as they can be told without their type.

use proc_macro2::Span;
use syn::{Error, Ident, LitStr, Result};

use crate::{attributes, words};

/// The name of a field's metric, by the kind that only the compiler knows.
pub(crate) struct Name {
    pub(crate) plain: String,
    pub(crate) counter: String,
    pub(crate) info: String,
    pub(crate) span: Span,
}

impl Name {
    /// Takes the name that is given, or makes one from the field's.
    pub(crate) fn new(field: &Ident, given: Option<&LitStr>, unit: Option<&LitStr>) -> Result<Self> {
        if let Some(unit) = unit {
            check_unit(unit)?;
        }
        let name = match given {
            Some(given) => Self::given(given, unit)?,
            None => Self::of_field(field, unit),
        };
        check(stem(&name.counter), name.span)?;
        Ok(name)
    }

    /// What must differ from the other names of a struct: OpenMetrics drops the suffix of counters.
    pub(crate) fn stem(&self) -> &str {
        self.plain.strip_suffix(TOTAL).unwrap_or(&self.plain)
    }

    fn given(given: &LitStr, unit: Option<&LitStr>) -> Result<Self> {
        let name = given.value();
        if let Some(unit) = unit.filter(|unit| !ends_with_word(stem(&name), &unit.value())) {
            let message = format!("the unit is `{}`, so the name ends with it", unit.value());
            return Err(Error::new(given.span(), message));
        }
        Ok(Self {
            plain: name.clone(),
            counter: name.clone(),
            info: name,
            span: given.span(),
        })
    }

    fn of_field(field: &Ident, unit: Option<&LitStr>) -> Self {
        let text = attributes::plain(field).value();
        let bare = text.strip_suffix(TOTAL).unwrap_or(&text);
        let measured = match unit.map(LitStr::value) {
            Some(unit) if !ends_with_word(bare, &unit) => format!("{bare}_{unit}"),
            _ => bare.to_owned(),
        };
        Self {
            // A gauge whose field is called so is refused by its type.
            plain: if bare == text {
                measured.clone()
            } else {
                format!("{measured}{TOTAL}")
            },
            counter: format!("{measured}{TOTAL}"),
            info: if text.ends_with(INFO) {
                text
            } else {
                format!("{text}{INFO}")
            },
            span: field.span(),
        }
    }
}

pub(crate) fn check_prefix(prefix: &LitStr) -> Result<()> {
    let text = prefix.value();
    if text.ends_with('_') {
        return Err(Error::new(
            prefix.span(),
            "a prefix goes without its last underscore: one is put between it and the name",
        ));
    }
    refuse_invalid(&text, prefix.span())?;
    refuse_words(&text, prefix.span())
}

/// Checks a name without `_total` or `_info`.
fn check(stem: &str, span: Span) -> Result<()> {
    refuse_invalid(stem, span)?;
    if stem.ends_with(TOTAL) {
        return Err(Error::new(span, "`_total` is there twice"));
    }
    if let Some(suffix) = RESERVED.into_iter().find(|suffix| stem.ends_with(suffix)) {
        let message = format!("`{suffix}` is reserved for the series of histograms and counters");
        return Err(Error::new(span, message));
    }
    refuse_words(stem, span)
}

fn refuse_invalid(name: &str, span: Span) -> Result<()> {
    if !is_identifier(name) {
        return Err(Error::new(
            span,
            "not a metric name: letters, digits and underscores, no digit first",
        ));
    }
    if name.starts_with("__") {
        return Err(Error::new(
            span,
            "names that begin with `__` are reserved by Prometheus",
        ));
    }
    Ok(())
}

/// Whether Prometheus takes it as the name of a metric or a label.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn refuse_words(name: &str, span: Span) -> Result<()> {
    let is_camel = name
        .bytes()
        .zip(name.bytes().skip(1))
        .any(|(one, next)| one.is_ascii_lowercase() && next.is_ascii_uppercase());
    let mistake = is_camel.then(|| "names are in snake case".to_owned());
    match mistake.or_else(|| words::mistake(name)) {
        Some(message) => Err(Error::new(span, message)),
        None => Ok(()),
    }
}

fn check_unit(unit: &LitStr) -> Result<()> {
    let text = unit.value();
    if words::UNITS.contains(&text.as_str()) {
        return Ok(());
    }
    let message = match words::base_of(&text) {
        Some(base) => format!("`{text}` is no base unit: measure in `{base}`"),
        None if text == "percent" => "`percent` is no base unit: show a `ratio` from 0 to 1".to_owned(),
        None => format!(
            "`{text}` is no unit of Prometheus, expected one of {}",
            words::UNITS.join(", ")
        ),
    };
    Err(Error::new(unit.span(), message))
}

fn stem(name: &str) -> &str {
    name.strip_suffix(TOTAL)
        .or_else(|| name.strip_suffix(INFO))
        .unwrap_or(name)
}

fn ends_with_word(name: &str, word: &str) -> bool {
    name == word
        || name
            .strip_suffix(word)
            .is_some_and(|before| before.ends_with('_'))
}

const TOTAL: &str = "_total";
const INFO: &str = "_info";
const RESERVED: [&str; 4] = ["_bucket", "_count", "_sum", "_created"];

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    fn name(field: &str, given: Option<&str>, unit: Option<&str>) -> Result<Name> {
        let literal = |text: &str| LitStr::new(text, Span::call_site());
        Name::new(
            &parse_str(field).unwrap(),
            given.map(literal).as_ref(),
            unit.map(literal).as_ref(),
        )
    }

    #[test]
    fn a_field_becomes_a_name_of_its_kind() {
        for (field, unit, plain, counter) in [
            ("jobs", None, "jobs", "jobs_total"),
            ("jobs_total", None, "jobs_total", "jobs_total"),
            (
                "duration",
                Some("seconds"),
                "duration_seconds",
                "duration_seconds_total",
            ),
            (
                "busy_seconds",
                Some("seconds"),
                "busy_seconds",
                "busy_seconds_total",
            ),
            (
                "sent_total",
                Some("bytes"),
                "sent_bytes_total",
                "sent_bytes_total",
            ),
            ("seconds", Some("seconds"), "seconds", "seconds_total"),
            ("r#type", None, "type", "type_total"),
        ] {
            let name = name(field, None, unit).unwrap();
            assert_eq!((&*name.plain, &*name.counter), (plain, counter));
        }
        assert_eq!(name("build", None, None).unwrap().info, "build_info");
        assert_eq!(name("build_info", None, None).unwrap().info, "build_info");
    }

    #[test]
    fn mistakes_are_told_apart() {
        for (given, unit, told) in [
            ("a-b", None, "not a metric name"),
            ("9lives", None, "not a metric name"),
            ("", None, "not a metric name"),
            ("job:rate", None, "not a metric name"),
            ("__name", None, "names that begin with `__`"),
            ("hits_total_total", None, "`_total` is there twice"),
            ("items_count", None, "`_count` is reserved"),
            ("x_bucket_total", None, "`_bucket` is reserved"),
            ("camelCase", None, "names are in snake case"),
            ("wait_ms", None, "`ms` reads as an abbreviated unit"),
            ("wait_hours", None, "`hours` is no base unit: count in `seconds`"),
            (
                "wait",
                Some("seconds"),
                "the unit is `seconds`, so the name ends with it",
            ),
            (
                "wait_seconds",
                Some("milliseconds"),
                "`milliseconds` is no base unit: measure in `seconds`",
            ),
            (
                "load_percent",
                Some("percent"),
                "`percent` is no base unit: show a `ratio`",
            ),
            ("speed_knots", Some("knots"), "`knots` is no unit of Prometheus"),
        ] {
            let error = name("field", Some(given), unit).err().expect(given).to_string();
            assert!(error.starts_with(told), "{given}: {error}");
        }
    }
}
