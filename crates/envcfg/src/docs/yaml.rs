//! The little of YAML that generated files need, written so that versions 1.1 and 1.2 read the same.

/// A text in double quotes, which no reader takes for a number, a boolean or a date.
pub(super) fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key: plain if nothing can misread it.
pub(super) fn key(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if starts && plain && !is_word(name) {
        name.to_owned()
    } else {
        text(name)
    }
}

/// A name of a resource: plain if it has the form that Kubernetes and compose ask for.
pub(super) fn name(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match starts && plain && !is_word(name) {
        true => name.to_owned(),
        false => text(name),
    }
}

fn is_word(name: &str) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// What YAML 1.1 reads as a boolean or as nothing.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_plain_unless_they_would_be_misread() {
        let keys = ["PORT", "_X1", "NO", "y", "Null", "1E3", "a-b", "a: b", "~"].map(key);

        assert_eq!(
            keys,
            [
                "PORT", "_X1", "\"NO\"", "\"y\"", "\"Null\"", "\"1E3\"", "\"a-b\"", "\"a: b\"", "\"~\""
            ]
        );
    }

    #[test]
    fn what_looks_like_something_else_stays_text() {
        for value in [
            "yes",
            "1e3",
            "0x1F",
            "a: b",
            "# x",
            "- x",
            "2026-11-22",
            "~",
            "",
            " x ",
            "{a}",
            "\"'\\",
            "a\nb\t",
        ] {
            assert_eq!(read(&text(value)), value, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_yaml_parser_reads_what_was_meant(value in any::<String>()) {
            prop_assert_eq!(read(&text(&value)), value);
        }
    }

    fn read(scalar: &str) -> String {
        let map: BTreeMap<String, String> = serde_saphyr::from_str(&format!("k: {scalar}\n")).unwrap();
        map.into_values().next().unwrap()
    }
}
