//! Texts, times and numbers as Prometheus and the templates of alerts read them.

use std::{fmt::Write as _, time::Duration};

use crate::exposition::push_float;

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            // The lexer of Prometheus takes a replacement character for broken UTF-8.
            other if other.is_control() || matches!(other, '\u{feff}' | '\u{fffd}') => {
                let _ = write!(literal, "\\u{:04x}", u32::from(other));
            }
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// A text that a template gives back as it is: labels and annotations of alerts are templates.
pub(super) fn in_template(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

/// A duration in the largest unit that it is a multiple of.
pub(super) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    let unit = units
        .into_iter()
        .find(|(_, unit)| millis >= *unit && millis.is_multiple_of(*unit));
    match unit {
        Some((suffix, unit)) => format!("{}{suffix}", millis / unit),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

/// A number as it is exposed, such as the boundary of a bucket.
pub(super) fn number(value: f64) -> String {
    let mut text = String::new();
    push_float(&mut text, value);
    text
}

/// A share without the noise that floats have far behind the point.
pub(super) fn share(value: f64) -> String {
    let text = format!("{value:.10}");
    let text = text.trim_end_matches('0');
    text.strip_suffix('.').unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_times_and_numbers_are_those_of_prometheus() {
        assert_eq!(
            quoted("a\"b\\c\nd\u{1}é\u{fffd}"),
            "\"a\\\"b\\\\c\\nd\\u0001é\\ufffd\""
        );
        assert_eq!(in_template("{{ $value }}"), "{{\"{{\"}} $value }}");
        assert_eq!(duration(Duration::from_secs(300)), "5m");
        assert_eq!(duration(Duration::from_secs(86_400 * 3)), "3d");
        assert_eq!(duration(Duration::from_secs(5400)), "90m");
        assert_eq!(duration(Duration::from_millis(1500)), "1500ms");
        assert_eq!(duration(Duration::ZERO), "0s");
        assert_eq!(number(1.0), "1.0");
        assert_eq!(number(0.05), "0.05");
        assert_eq!(share(1.0 - 0.999), "0.001");
        assert_eq!(share(1.0), "1");
    }
}
