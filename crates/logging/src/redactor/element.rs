use super::{
    bytes::{at, before, begins_word, ends_in, find, find_all, is_at, is_escape, is_quote, run, run_back},
    named::Named,
    names::Names,
    value::{Quote, Value},
};

/// What the element of XML holds whose first tag ends at `last`: `<password type="text">x</password>`.
pub(crate) fn in_element(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let inside = run_back(text, last, |byte| !matches!(byte, b'<' | b'>'));
    let is_tag = before(text, inside) == b'<' && before(text, last) != b'/';
    let tag = is_tag.then(|| text.get(..last)).flatten()?;
    let name = run(tag, inside, is_of_element);
    if name < last && !matches!(at(text, name), b' ' | b'\t' | b'\r' | b'\n' | b'\\') {
        return None;
    }
    let Some((start, action)) = names.action_before(text, name) else {
        return in_entry(names, text, last)
            .filter(|_| ENTRIES.contains(&text.get(inside..name).unwrap_or_default()));
    };
    let is_whole = start == inside || (before(text, start) == b':' && before(text, start - 1) != b':');
    let is_prose = is_prose(text, last + 1);
    let (end, passed) = if is_prose {
        (find(text, last + 1, b'<').unwrap_or(text.len()), 0)
    } else {
        content_end(text, last + 1)
    };
    let is_closed = if is_prose {
        closes(text, end, text.get(inside..name)?)
    } else {
        // Else each such tag in a long comment would have it walked through again.
        passed > LONGEST_COMMENT
            || is_at(text, end, b"</")
            || is_at(text, end, b"<\\")
            || (end == text.len() && begins_word(text, inside - 1))
    };
    let start = run(text.get(..end)?, last + 1, |byte| byte.is_ascii_whitespace());
    (is_whole && is_closed && start < end).then_some(Named {
        value: Value {
            start,
            end,
            is_quoted: true,
        },
        action,
        quote: (0, 0),
    })
}

/// What the element holds whose first tag ends at `last` with the name of it: `<entry key="password">x</entry>`.
fn in_entry(names: &Names, text: &[u8], last: usize) -> Option<Named> {
    let quote = Quote::before(text, last)?;
    let (start, action) = names.action_before(text, last - quote.len())?;
    let opening = Quote::before(text, start).filter(|&opening| opening == quote)?;
    let key = start - opening.len() - 1;
    let is_key = ends_in(text, key, b" key") || ends_in(text, key, b" name");
    let end = find(text, last + 1, b'<').unwrap_or(text.len());
    let is_whole =
        before(text, key + 1) == b'=' && is_key && (is_at(text, end, b"</") || is_at(text, end, b"<\\"));
    (is_whole && last + 1 < end).then_some(Named {
        value: Value {
            start: last + 1,
            end,
            is_quoted: true,
        },
        action,
        quote: (0, 0),
    })
}

/// Whether what stands behind a tag goes on as a text does in which `<password>` is one of the words, and no XML:
/// `Vec<Token> of x`, `login <user> <password>, then`, `expected "<token>" here`.
fn is_prose(text: &[u8], from: usize) -> bool {
    let near = text
        .get(..text.len().min(from + LONGEST_PUNCTUATION))
        .unwrap_or_default();
    let next = run(near, from, |byte| byte == b'\\');
    if next > from && at(text, next) != b'/' {
        return is_quote(at(text, next)) || is_escape(b'\\', at(text, next));
    }
    let next = run(near, from, |byte| b",.;:!?)]}'\"`".contains(&byte));
    is_quote(at(text, from)) || at(text, next).is_ascii_whitespace() || (next > from && next == text.len())
}

/// Whether a tag closes the element of this name, even if it is cut off.
fn closes(text: &[u8], tag: usize, name: &[u8]) -> bool {
    let slash = run(text, tag + 1, |byte| byte == b'\\');
    let start = slash + 1;
    let end = run(text, start, is_of_element);
    let closed = text.get(start..end).unwrap_or_default();
    let is_cut_off = end == text.len() && name.starts_with(closed);
    at(text, tag) == b'<' && at(text, slash) == b'/' && (closed == name || is_cut_off)
}

/// Where the next tag starts; comments and `<![CDATA[x]]>`, of which so many bytes come before it, are none.
fn content_end(text: &[u8], from: usize) -> (usize, usize) {
    let (mut place, mut passed) = (from, 0);
    while let Some(tag) = find(text, place, b'<') {
        let close: &[u8] = match (is_at(text, tag, b"<![CDATA["), is_at(text, tag, b"<!--")) {
            (true, _) => b"]]>",
            (_, true) => b"-->",
            _ => return (tag, passed),
        };
        place = find_all(text, tag, close).map_or(text.len(), |end| end + close.len());
        passed += place - tag;
    }
    (text.len(), passed)
}

const fn is_of_element(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':') || !byte.is_ascii()
}

/// A tag before a longer one is no word of a sentence.
const LONGEST_COMMENT: usize = 256;
/// The elements of settings, of which an attribute is the name.
const ENTRIES: [&[u8]; 12] = [
    b"entry",
    b"property",
    b"prop",
    b"setting",
    b"param",
    b"parameter",
    b"string",
    b"item",
    b"field",
    b"env",
    b"variable",
    b"config",
];
/// So many signs behind a tag tell whether it is a word.
const LONGEST_PUNCTUATION: usize = 8;
