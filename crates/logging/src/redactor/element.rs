use super::{
    bytes::{at, before, begins_word, find, find_all, is_at, run, run_back},
    named::Named,
    names::Names,
    value::Value,
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
    let (start, action) = names.action_before(text, name)?;
    let is_whole = start == inside || (before(text, start) == b':' && before(text, start - 1) != b':');
    let end = content_end(text, last + 1);
    let is_closed = is_at(text, end, b"</") || is_at(text, end, b"<\\");
    // `Vec<Token> of x` and `login <password> [--x]` are no XML.
    let is_cut =
        end == text.len() && begins_word(text, inside - 1) && !at(text, last + 1).is_ascii_whitespace();
    let start = run(text.get(..end)?, last + 1, |byte| byte.is_ascii_whitespace());
    (is_whole && (is_closed || is_cut) && start < end).then_some(Named {
        value: Value {
            start,
            end,
            is_quoted: true,
        },
        action,
        quote: None,
    })
}

/// Where the next tag starts; comments and `<![CDATA[x]]>` are none.
fn content_end(text: &[u8], from: usize) -> usize {
    let mut place = from;
    while let Some(tag) = find(text, place, b'<') {
        let close: &[u8] = match (is_at(text, tag, b"<![CDATA["), is_at(text, tag, b"<!--")) {
            (true, _) => b"]]>",
            (_, true) => b"-->",
            _ => return tag,
        };
        place = find_all(text, tag, close).map_or(text.len(), |end| end + close.len());
    }
    text.len()
}

const fn is_of_element(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}
