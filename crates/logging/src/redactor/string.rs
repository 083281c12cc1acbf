use std::cmp::Ordering;

use super::{
    bytes::{at, backslashes, before, is_quote, run_back},
    value::Quote,
};

/// Whether the quote at a place ends the string in which the name at `name` stands, as that of `"user=bob&password="`.
///
/// Such a quote has behind it what stands behind a string, and before it the one that opens the string.
pub(super) fn ends_at(text: &[u8], name: usize, place: usize) -> bool {
    let Some(quote) = Quote::at(text, place) else {
        return false;
    };
    may_close(text, place + quote.len()) && is_open(text, name, quote)
}

/// Whether a string is open before a place that such a quote may end.
fn is_open(text: &[u8], place: usize, quote: Quote) -> bool {
    let first = place.saturating_sub(LONGEST);
    let Some(near) = text.get(first..place) else {
        return false;
    };
    let mut end = near.len();
    for n in 0..MOST_DOUBTS {
        let Some((start, opening)) = quote_before(near, end, quote) else {
            // Nothing before the one in doubt, which opens a string therefore.
            return n % 2 == 1 && first == 0;
        };
        let opens = may_open(near, start, opening);
        if !opens || !may_close(near, start + opening.len()) {
            return opens == (n % 2 == 0);
        }
        end = start;
    }
    false
}

/// The last quote before a place that belongs to the same strings as another one, and where it starts.
fn quote_before(text: &[u8], end: usize, quote: Quote) -> Option<(usize, Quote)> {
    let mut end = end;
    loop {
        end = run_back(text, end, |byte| byte != quote.sign);
        let place = end.checked_sub(1)?;
        let found = Quote {
            sign: quote.sign,
            backslashes: backslashes(text, place),
        };
        match depth(found).cmp(&depth(quote)) {
            Ordering::Less => return None,
            Ordering::Equal => return Some((place - found.backslashes, found)),
            Ordering::Greater => end = place,
        }
    }
}

/// In how many strings the one of a quote is, as a string in a string has 1, 3, 7 backslashes before its quotes, and
/// those of its text come in pairs, in fours, in eights.
const fn depth(quote: Quote) -> u32 {
    quote.backslashes.trailing_ones()
}

/// Whether a string may begin with a quote.
fn may_open(text: &[u8], start: usize, quote: Quote) -> bool {
    match before(text, start) {
        0 | b'{' | b'[' | b'(' | b',' | b':' | b'=' => true,
        sign if is_quote(sign) => sign != quote.sign || quote.backslashes > 0,
        sign => sign.is_ascii_whitespace(),
    }
}

/// Whether a string may have ended before a place.
fn may_close(text: &[u8], place: usize) -> bool {
    match at(text, place) {
        0 | b',' | b':' | b'}' | b']' | b')' => true,
        sign => sign.is_ascii_whitespace(),
    }
}

/// How far before a name its string is looked for.
const LONGEST: usize = 16 * 1024;
/// How many quotes in a row may both open and end a string: `" "`.
const MOST_DOUBTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the first quote behind the sign `=` ends the string around `name`.
    fn ends(text: &str) -> bool {
        let name = text.find("name").unwrap();
        let sign = name + text[name..].find('=').unwrap();
        ends_at(text.as_bytes(), name, sign + 1)
    }

    #[test]
    fn the_quote_of_the_string_around_the_name_ends_it() {
        for text in [
            r#""name=""#,
            r#"["name=","bob"]"#,
            r#"{"body":"user=bob&name=","status":"ok"}"#,
            r#"msg="bad name=" user="bob""#,
            r"{'a': 'the name=', 'b': 1}",
            r#"a=" " b=", name=" c"#,
            r#"{"a":"\\","b":"a \" name=\\"}"#,
            r#""{\"a\":\"name=\",\"b\":1}""#,
            r#""\"name=\", b""#,
        ] {
            assert!(ends(text), "{text}");
        }
    }

    #[test]
    fn a_quote_that_begins_a_value_ends_nothing() {
        for text in [
            "name=x",
            r#"name=" x""#,
            r#"name=",x""#,
            r#"user="bob" name=" x""#,
            r#"a=" " name=" x""#,
            r#"{"a":"b"} name=", x""#,
            r#"msg="name="hunter2"""#,
            r#"'name=" two words"'"#,
            r#""name=\" x\"""#,
            "they don't name=' x'",
        ] {
            assert!(!ends(text), "{text}");
        }
    }
}
