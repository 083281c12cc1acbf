//! Writes YAML: block style, every text quoted unless it cannot be read as anything else.

use std::fmt::Write as _;

/// A value of a document.
#[derive(Clone, Debug)]
pub(super) enum Yaml {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
    }

    pub(super) fn texts<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), Self::text(value)))
                .collect(),
        )
    }

    /// The document, with `comment` as its first line.
    pub(super) fn document(&self, comment: &str) -> String {
        let mut out = format!("# {comment}\n");
        self.write(&mut out, 0, Place::Line);
        out
    }

    fn write(&self, out: &mut String, indent: usize, place: Place) {
        match self {
            Self::Text(text) => write_text(out, text, indent, place),
            Self::Number(number) => {
                place.blank(out);
                let _ = writeln!(out, "{number}");
            }
            Self::Flag(flag) => {
                place.blank(out);
                let _ = writeln!(out, "{flag}");
            }
            Self::List(items) if items.is_empty() => write_empty(out, "[]", place),
            Self::Map(entries) if entries.is_empty() => write_empty(out, "{}", place),
            Self::List(items) => {
                place.newline(out);
                for item in items {
                    push_indent(out, indent);
                    out.push('-');
                    item.write(out, indent + 1, Place::Item);
                }
            }
            Self::Map(entries) => {
                if matches!(place, Place::Key) {
                    out.push('\n');
                }
                for (number, (key, value)) in entries.iter().enumerate() {
                    match place {
                        Place::Item if number == 0 => out.push(' '),
                        _ => push_indent(out, indent),
                    }
                    write_key(out, key);
                    value.write(out, indent + 1, Place::Key);
                }
            }
        }
    }
}

/// What stands before a value on its line.
#[derive(Clone, Copy)]
enum Place {
    Line,
    Key,
    Item,
}

impl Place {
    fn blank(self, out: &mut String) {
        if !matches!(self, Self::Line) {
            out.push(' ');
        }
    }

    fn newline(self, out: &mut String) {
        if !matches!(self, Self::Line) {
            out.push('\n');
        }
    }
}

fn push_indent(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push_str("  ");
    }
}

fn write_empty(out: &mut String, empty: &str, place: Place) {
    place.blank(out);
    out.push_str(empty);
    out.push('\n');
}

fn write_key(out: &mut String, key: &str) {
    if is_plain(key) {
        out.push_str(key);
    } else {
        push_quoted(out, key);
    }
    out.push(':');
}

fn write_text(out: &mut String, text: &str, indent: usize, place: Place) {
    place.blank(out);
    if is_block(text) {
        out.push_str("|-\n");
        for line in text.lines() {
            push_indent(out, indent);
            out.push_str(line);
            out.push('\n');
        }
        return;
    }
    if is_plain(text) {
        out.push_str(text);
    } else {
        push_quoted(out, text);
    }
    out.push('\n');
}

/// Whether a text of more than one line reads the same as a literal block.
fn is_block(text: &str) -> bool {
    let is_fine = |line: &str| {
        !line.is_empty() && !line.ends_with(' ') && line.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    };
    text.contains('\n')
        && !text.starts_with(' ')
        && !text.ends_with('\n')
        && !text.contains('\r')
        && text.split('\n').all(is_fine)
}

/// Whether a text means itself without quotes, in YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let begins = text
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let has_meaning = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    begins && !has_meaning && text.bytes().all(is_word)
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if is_printable(other) => out.push(other),
            other => {
                let _ = match u32::from(other) {
                    code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                    code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
}

/// Whether YAML lets it stand for itself; its three line separators would be folded.
fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_reads_well() {
        let document = Yaml::map([
            ("name", Yaml::text("card-room")),
            ("on", Yaml::text("yes")),
            ("empty", Yaml::List(Vec::new())),
            (
                "rules",
                Yaml::List(vec![
                    Yaml::map([("expr", Yaml::text("a\n/\nb")), ("for", Yaml::text("5m"))]),
                    Yaml::text("x"),
                ]),
            ),
        ]);

        assert_eq!(
            document.document("Made."),
            "# Made.\nname: card-room\n\"on\": \"yes\"\nempty: []\nrules:\n  - expr: |-\n      a\n      /\n      b\n    for: \"5m\"\n  - x\n"
        );
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_it_was_written(texts in prop::collection::vec(any::<String>(), 1..6), key in any::<String>()) {
            let list = Yaml::List(texts.iter().map(Yaml::text).collect());
            let written = Yaml::Map(vec![(key.clone(), list), ("last".to_owned(), Yaml::Number(7))]).document("Made.");

            let read: serde_json::Value = serde_saphyr::from_str(&written).unwrap();

            prop_assume!(key != "last");
            prop_assert_eq!(&read[&key], &serde_json::json!(texts), "{}", written);
            prop_assert_eq!(&read["last"], &serde_json::json!(7));
        }
    }
}
