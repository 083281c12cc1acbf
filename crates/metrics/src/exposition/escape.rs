//! Label sets as they stand in the text formats: `name="value",...`, quotes, backslashes and newlines escaped.

/// Appends `name="value"`, after a comma if it is not the first.
pub(crate) fn escape_label(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, true);
    out.push('"');
}

pub(super) fn escape(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    while let Some((plain, special, after)) = split(rest, quotes) {
        out.push_str(plain);
        out.push_str(special);
        rest = after;
    }
    out.push_str(rest);
}

/// What stands before the first character to escape, that character escaped, and what follows.
fn split(text: &str, quotes: bool) -> Option<(&str, &'static str, &str)> {
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'\n') || (quotes && *byte == b'"');
    let at = text.bytes().position(|byte| is_special(&byte))?;
    let (plain, rest) = text.split_at_checked(at)?;
    let special = match rest.as_bytes().first()? {
        b'\\' => "\\\\",
        b'\n' => "\\n",
        _ => "\\\"",
    };
    Some((plain, special, rest.get(1..)?))
}

/// Reads a label set: calls `each` with every name and its plain value. Gives what follows the set, which may be
/// nothing, or `None` if it is not a label set.
pub(crate) fn read_labels<'a>(
    labels: &'a str,
    buffer: &mut String,
    mut each: impl FnMut(&'a str, &str),
) -> Option<&'a str> {
    let mut rest = labels;
    loop {
        let (name, after) = rest.split_once("=\"")?;
        buffer.clear();
        rest = unescape(after, buffer)?;
        each(name, buffer);
        match rest.strip_prefix(',') {
            Some(more) if !more.is_empty() && !more.starts_with('}') => rest = more,
            Some(end) => return Some(end),
            None => return Some(rest),
        }
    }
}

/// Appends a quoted value to `plain` and gives what follows its closing quote.
fn unescape<'a>(quoted: &'a str, plain: &mut String) -> Option<&'a str> {
    let mut rest = quoted;
    loop {
        let at = rest.find(['\\', '"'])?;
        let (before, special) = rest.split_at_checked(at)?;
        plain.push_str(before);
        if let Some(after) = special.strip_prefix('"') {
            return Some(after);
        }
        let mut escaped = special.get(1..)?.chars();
        match escaped.next()? {
            'n' => plain.push('\n'),
            character @ ('\\' | '"') => plain.push(character),
            // As Prometheus reads it: a backslash that escapes nothing is one.
            other => plain.extend(['\\', other]),
        }
        rest = escaped.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_reads_back() {
        let pairs = [
            ("a", "plain"),
            ("b", ""),
            ("c", "q\"b\\n\nü,}=\""),
            ("d", "\\"),
            ("e", "\\\\n"),
        ];
        let mut labels = String::new();
        for (name, value) in pairs {
            escape_label(&mut labels, name, value);
        }
        labels.push_str("} 1");

        let mut read = Vec::new();
        let rest = read_labels(&labels, &mut String::new(), |name, value| {
            read.push((name, value.to_owned()));
        });

        assert_eq!(rest, Some("} 1"));
        assert_eq!(read, pairs.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn what_is_not_a_label_set_is_told() {
        for text in ["", "a", "a=b", "a=\"b", "a=\"b\\"] {
            assert_eq!(read_labels(text, &mut String::new(), |_, _| {}), None, "{text}");
        }
    }
}
