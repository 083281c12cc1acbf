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
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::*;

    /// What `promtool check metrics` says about gauges of these names.
    fn promtool(names: &[String]) -> String {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool runs: apt-get install prometheus, or cargo xtask setup test");
        let gauge = |name: &String| format!("# HELP {name} Help\n# TYPE {name} gauge\n{name} 1\n");
        let text: String = names.iter().map(gauge).collect();
        promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        String::from_utf8(promtool.wait_with_output().unwrap().stderr).unwrap()
    }

    #[test]
    fn promtool_refuses_the_same_words() {
        let prefixed = PREFIXES
            .iter()
            .flat_map(|prefix| BASES.iter().map(move |unit| format!("{prefix}{unit}")));
        let words = OTHERS
            .iter()
            .map(|(unit, _)| *unit)
            .chain(ABBREVIATIONS)
            .chain(TYPES)
            .chain(UNITS)
            .chain([
                "kelvin", "metres", "info", "percent", "rooms", "count_of", "minute", "mss",
            ]);
        let words: Vec<String> = words.map(str::to_owned).chain(prefixed).collect();
        let names: Vec<String> = words
            .iter()
            .flat_map(|word| [format!("a_{word}"), format!("{word}_a"), format!("a_{word}_z")])
            .collect();

        let said = promtool(&names);

        for name in &names {
            let is_refused = said.lines().any(|line| line.starts_with(&format!("{name} ")));
            assert_eq!(mistake(name).is_some(), is_refused, "{name}: {said}");
        }
    }

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
