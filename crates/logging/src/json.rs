//! The pieces of a JSON line, appended to a buffer.

use std::io::Write as _;

/// Appends `text` with everything escaped that JSON, JavaScript or a terminal could trip over, and stops
/// before the buffer holds more than `limit` bytes. Says whether all of it went in.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str, limit: usize) -> bool {
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(plain);
        let room = limit.saturating_sub(out.len());
        if run.len() > room {
            let (fits, _) = run.split_at(run.floor_char_boundary(room));
            out.extend_from_slice(fits.as_bytes());
            return false;
        }
        out.extend_from_slice(run.as_bytes());
        let mut chars = tail.chars();
        let Some(special) = chars.next() else {
            return true;
        };
        let end = out.len();
        push_escaped(out, special);
        if out.len() > limit {
            out.truncate(end);
            return false;
        }
        rest = chars.as_str();
    }
}

/// Appends `text` as a JSON string, cut so that the buffer stays near `limit` bytes. Says whether all of it
/// went in.
pub(crate) fn string(out: &mut Vec<u8>, text: &str, limit: usize) -> bool {
    out.push(b'"');
    let complete = escape(out, text, limit);
    out.push(b'"');
    complete
}

/// Appends a number; JSON has no NaN and no infinity, they become `null`.
pub(crate) fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        // Debug shows an exponent where it is shorter, which JSON allows; a Vec takes every write.
        write!(out, "{value:?}").ok();
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Appends a whole number.
pub(crate) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn push_escaped(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if needs_escape(c) => {
            write!(out, "\\u{:04x}", u32::from(c)).ok();
        }
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Control characters (C1 too: a terminal obeys them) and the two that end a line in JavaScript.
pub(crate) fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character that starts with this byte may need an escape.
const fn is_special(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, limit: usize) -> (String, bool) {
        let mut out = Vec::new();
        let complete = string(&mut out, text, limit);
        (String::from_utf8(out).unwrap(), complete)
    }

    #[test]
    fn control_characters_and_line_separators_are_escaped() {
        let (json, complete) = shown("a\"b\\c\n\u{1b}[31m\u{9b}\u{7f}\u{2028}é€", 1000);

        assert_eq!(json, r#""a\"b\\c\n\u001b[31m\u009b\u007f\u2028é€""#);
        assert!(complete);
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(shown("aé€", 3), ("\"a\"".to_owned(), false));
        assert_eq!(shown("aé€", 4), ("\"aé\"".to_owned(), false));
        assert_eq!(shown("aé€", 7), ("\"aé€\"".to_owned(), true));
    }

    #[test]
    fn numbers_are_what_json_can_hold() {
        let mut out = Vec::new();
        for value in [1.0, -0.1, 1e300, 5e-324, f64::NAN, f64::INFINITY] {
            float(&mut out, value);
            out.push(b' ');
        }
        integer(&mut out, u64::MAX);

        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1.0 -0.1 1e300 5e-324 null null 18446744073709551615"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "(?s).{0,80}") {
            let (json, complete) = shown(&text, 10_000);

            prop_assert!(complete);
            let obeyed = json.contains(['\n', '\u{2028}', '\u{1b}']);
            prop_assert!(!obeyed);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn a_cut_text_is_a_prefix_and_within_the_limit(text in "(?s).{0,80}", limit in 1_usize..60) {
            let (json, complete) = shown(&text, limit);

            let read: String = serde_json::from_str(&json).unwrap();
            prop_assert!(text.starts_with(&read));
            prop_assert_eq!(complete, read == text);
            // The closing quote comes on top.
            prop_assert!(json.len() <= limit + 1);
        }
    }
}
