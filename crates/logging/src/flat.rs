//! Reads back the lines that we write: one JSON object, flat or nearly so.

use std::{borrow::Cow, iter};

/// The names and values of a line, in their order; ends where the line is cut or is none of ours.
pub(crate) fn pairs(line: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Value<'_>)> {
    let mut rest = line.trim_ascii().strip_prefix(b"{").unwrap_or_default();
    iter::from_fn(move || {
        let (name, after) = string(rest.trim_ascii_start())?;
        let after = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let end = value_end(after)?;
        let (value, tail) = after.split_at_checked(end)?;
        rest = tail.trim_ascii_start().strip_prefix(b",").unwrap_or_default();
        Some((unescape(name), Value(value)))
    })
}

/// A value as it stands on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a>(pub(crate) &'a [u8]);

impl<'a> Value<'a> {
    /// The text of a string, and anything else as it is written.
    pub(crate) fn text(self) -> Cow<'a, str> {
        self.as_str().unwrap_or_else(|| String::from_utf8_lossy(self.0))
    }

    /// The text, if it is a string.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        string(self.0).map(|(text, _)| unescape(text))
    }
}

/// The inside of the string that `bytes` begin with, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', inside.get(from..)?)?;
        if inside.get(found) == Some(&b'"') {
            return Some((inside.get(..found)?, inside.get(found + 1..)?));
        }
        from = found + 2;
    }
}

/// How long the value is that `bytes` begin with; nothing if it does not end.
fn value_end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => {
                let (_, after) = string(bytes.get(at..)?)?;
                at = bytes.len() - after.len();
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' if depth == 0 => return Some(at),
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn unescape(inside: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inside).is_none() {
        return String::from_utf8_lossy(inside);
    }
    let text = String::from_utf8_lossy(inside);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((plain, tail)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('u') => {
                let (c, after) = unicode(chars.as_str());
                out.push(c);
                rest = after;
                continue;
            }
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some(c) => out.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character behind `\u`, two escapes for those beyond 16 bits, and what follows.
fn unicode(text: &str) -> (char, &str) {
    let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let Some(first) = unit(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    let rest = text.get(4..).unwrap_or_default();
    if let Some(c) = char::from_u32(first) {
        return (c, rest);
    }
    let second = rest.strip_prefix("\\u").and_then(unit);
    match second {
        Some(second @ 0xDC00..=0xDFFF) if first < 0xDC00 => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            (c, rest.get(6..).unwrap_or_default())
        }
        _ => (char::REPLACEMENT_CHARACTER, rest),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Vec<(String, String)> {
        pairs(line.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.text().into_owned()))
            .collect()
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let line = r#"{"a":"x\"y\\","b":-1.5e3,"c":null,"d":["p","q]"],"e":{"f":{"g":"}"}},"h":true}"#;

        let pairs = read(line);

        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("a", "x\"y\\"),
                ("b", "-1.5e3"),
                ("c", "null"),
                ("d", r#"["p","q]"]"#),
                ("e", r#"{"f":{"g":"}"}}"#),
                ("h", "true"),
            ]
        );
    }

    #[test]
    fn a_line_that_is_cut_gives_what_is_whole() {
        let line = r#"{"a":"1","b":"2","c":"3"}"#;

        for end in 0..line.len() {
            let pairs = read(&line[..end]);
            assert!(pairs.len() <= 3, "{end}");
            assert_eq!(pairs, read(line)[..pairs.len()], "{end}");
        }
        assert_eq!(read("no json"), []);
        assert_eq!(read("{}\n"), []);
    }

    proptest! {
        #[test]
        fn reads_what_a_json_library_writes(fields in prop::collection::btree_map("\\PC{0,8}", "(?s).{0,24}", 0..6)) {
            let line = serde_json::to_string(&fields).unwrap();

            prop_assert_eq!(read(&line), fields.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(pairs(&bytes).count() <= bytes.len());
        }

        #[test]
        fn takes_any_escapes(text in "[\\\\u0-9a-fA-F\"dD]{0,40}") {
            drop(read(&format!("{{\"a\":\"{text}\"}}")));
        }
    }
}
