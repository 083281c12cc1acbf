/// Adds a line of JSON to `out`, with the member `"replayed":true` at its end. A member of that name becomes
/// `fields.replayed`, as every other one that a name of the log's own displaces.
pub(super) fn push_marked(out: &mut Vec<u8>, line: &[u8]) {
    let Some(object) = line.strip_suffix(b"}\n").filter(|line| line.starts_with(b"{")) else {
        out.extend_from_slice(line);
        return;
    };
    let names: Vec<&[u8]> = Names(object, 0).map(|(_, name)| name).collect();
    let mut copied = 0;
    for (at, _) in Names(object, 0).filter(|(_, name)| *name == MARK) {
        out.extend_from_slice(object.get(copied..at).unwrap_or_default());
        let mut prefix = Vec::from(PREFIX);
        while names.contains(&[prefix.as_slice(), MARK].concat().as_slice()) {
            prefix.extend_from_slice(PREFIX);
        }
        out.extend_from_slice(&prefix);
        copied = at;
    }
    out.extend_from_slice(object.get(copied..).unwrap_or_default());
    out.extend_from_slice(if object.len() > 1 { b",\"" } else { b"\"" });
    out.extend_from_slice(MARK);
    out.extend_from_slice(b"\":true}\n");
}

/// The names of the members of an object, each with its place, behind the quote.
struct Names<'a>(&'a [u8], usize);

impl<'a> Iterator for Names<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let Self(object, at) = self;
        let mut depth = if *at == 0 { 0 } else { 1 };
        let mut is_name = false;
        while let Some(byte) = object.get(*at) {
            *at += 1;
            match byte {
                b'{' | b'[' => {
                    depth += 1;
                    is_name = depth == 1;
                }
                b'}' | b']' => depth -= 1,
                b',' => is_name = depth == 1,
                b'"' => {
                    let start = *at;
                    let end = end_of_string(object, start);
                    *at = end + 1;
                    if is_name {
                        return Some((start, object.get(start..end)?));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The place of the quote that ends the string which begins at `start`.
fn end_of_string(object: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        match object.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at,
            Some(_) => at += 1,
        }
    }
}

const MARK: &[u8] = b"replayed";
const PREFIX: &[u8] = b"fields.";

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(line: &str) -> String {
        let mut out = Vec::new();
        push_marked(&mut out, line.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_mark_is_the_last_member() {
        assert_eq!(marked("{\"a\":1}\n"), "{\"a\":1,\"replayed\":true}\n");
        assert_eq!(marked("{}\n"), "{\"replayed\":true}\n");
        assert_eq!(marked("no object\n"), "no object\n");
    }

    #[test]
    fn a_member_of_its_name_gives_way_and_nothing_else_does() {
        assert_eq!(
            marked(
                "{\"m\":\"x \\\"replayed\\\":1 ,\\\\\",\"replayed\":\"replayed\",\"o\":{\"replayed\":[\"replayed\"]}}\n"
            ),
            "{\"m\":\"x \\\"replayed\\\":1 ,\\\\\",\"fields.replayed\":\"replayed\",\"o\":{\"replayed\":[\"replayed\"]},\
             \"replayed\":true}\n"
        );
        assert_eq!(
            marked("{\"replayed\":1,\"fields.replayed\":2}\n"),
            "{\"fields.fields.replayed\":1,\"fields.replayed\":2,\"replayed\":true}\n"
        );
    }
}
