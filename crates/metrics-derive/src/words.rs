//! The words that `promtool check metrics` does not want in a name.

/// What is wrong with one of the words.
pub(crate) fn mistake(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    for word in lower.split('_') {
        if let Some(base) = base_of(word) {
            return Some(format!("`{word}` is no base unit: count in `{base}`"));
        }
    }
    // The first word may be anything: what follows an underscore is a unit or a type.
    let (_, rest) = lower.split_once('_')?;
    for word in rest.split('_') {
        if ABBREVIATIONS.contains(&word) {
            return Some(format!("`{word}` reads as an abbreviated unit: write it out"));
        }
        if TYPES.contains(&word) {
            return Some(format!(
                "`{word}` is a type of metrics: the type is not a part of the name"
            ));
        }
    }
    None
}

/// The base unit in place of this one; none for what is no unit or a base unit.
pub(crate) fn base_of(word: &str) -> Option<&'static str> {
    let plain = |word: &str| {
        let other = OTHERS.into_iter().find(|(unit, _)| *unit == word);
        other.map(|(_, base)| base)
    };
    let with_prefix = || {
        PREFIXES.into_iter().find_map(|prefix| {
            let unit = word.strip_prefix(prefix)?;
            let base = BASES.into_iter().find(|base| *base == unit);
            base.or_else(|| plain(unit))
        })
    };
    plain(word).or_else(with_prefix)
}

/// The units a metric may have.
pub(crate) const UNITS: [&str; 11] = [
    "seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams", "watts", "hertz",
];

const BASES: [&str; 10] = [
    "amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "seconds", "volts",
];

const OTHERS: [(&str, &str); 14] = [
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi",
    "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] = [
    "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
];

const TYPES: [&str; 4] = ["counter", "gauge", "summary", "histogram"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_promtool_does_not_want_are_told() {
        for (name, word) in [
            ("request_milliseconds", "milliseconds"),
            ("minutes_played", "minutes"),
            ("free_kibibits", "kibibits"),
            ("latency_ms", "ms"),
            ("a_b_c", "b"),
            ("jobs_counter", "counter"),
            ("a_histogram_seconds", "histogram"),
        ] {
            let told = mistake(name).expect(name);
            assert!(told.starts_with(&format!("`{word}` ")), "{told}");
        }
        for name in [
            "request_seconds",
            "s",
            "ms_waits",
            "counter_resets",
            "rooms",
            "size_bytes",
            "d2",
        ] {
            assert_eq!(mistake(name), None, "{name}");
        }
    }
}
