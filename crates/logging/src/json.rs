//! The pieces of a JSON line, appended to a buffer.

use std::fmt::Write as _;

/// Appends `text` with everything escaped that JSON, JavaScript or a terminal could trip over, and stops
/// before the buffer holds more than `limit` bytes. Says whether all of it went in.
pub(crate) fn escape(out: &mut String, text: &str, limit: usize) -> bool {
    if text.len() <= limit.saturating_sub(out.len()) && is_plain(text.as_bytes()) {
        out.push_str(text);
        return true;
    }
    escape_runs(out, text, limit)
}

fn escape_runs(out: &mut String, text: &str, limit: usize) -> bool {
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(plain);
        let room = limit.saturating_sub(out.len());
        if run.len() > room {
            let (fits, _) = run.split_at(run.floor_char_boundary(room));
            out.push_str(fits);
            return false;
        }
        out.push_str(run);
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
pub(crate) fn string(out: &mut String, text: &str, limit: usize) -> bool {
    out.push('"');
    let complete = escape(out, text, limit);
    out.push('"');
    complete
}

/// Appends a number as the shortest decimal that reads back as it; JSON has no NaN and no infinity, they become `null`.
pub(crate) fn float(out: &mut String, value: f64) {
    if let Some(thousandths) = thousandths(value) {
        decimal(out, value.is_sign_negative(), thousandths);
    } else if value.is_finite() {
        out.push_str(zmij::Buffer::new().format_finite(value));
    } else {
        out.push_str("null");
    }
}

/// Appends so many thousandths, with at least one digit behind the point.
#[inline]
fn decimal(out: &mut String, is_negative: bool, thousandths: u64) {
    if is_negative {
        out.push('-');
    }
    integer(out, thousandths / 1000);
    out.push('.');
    push_digit(out, thousandths / 100);
    if !thousandths.is_multiple_of(100) {
        push_digit(out, thousandths / 10);
        if !thousandths.is_multiple_of(10) {
            push_digit(out, thousandths);
        }
    }
}

/// How many thousandths a number has without its sign, if it is the one next to a decimal of at most 15 digits, three of
/// them behind the point. No two of those are the same number, so no shorter decimal reads back as it.
///
/// A whole number of thousandths that is less than half of the last bit away is what reads back as the number. In units
/// of a thousandth of that bit all is whole, and costs less than one division of floats. (Below a power of two numbers
/// are closer, but no decimal with three digits is that close to one without being it.)
#[inline]
fn thousandths(value: f64) -> Option<u64> {
    let bits = value.abs().to_bits();
    let (exponent, fraction) = (bits >> FRACTION_BITS, bits & (HIDDEN - 1));
    // A thousandth has the first of these exponents; above the last one there are no thousandths.
    if !(1013..=1065).contains(&exponent) {
        return (bits == 0).then_some(0);
    }
    let behind_point = 1075 - exponent;
    let near = (fraction | HIDDEN) * 1000 + BELOW_HALF;
    let whole = near >> behind_point;
    let is_near = near & ((1 << behind_point) - 1) <= 2 * BELOW_HALF;
    (is_near && whole < 1_000_000_000_000_000).then_some(whole)
}

/// Appends a whole number.
#[inline]
pub(crate) fn integer(out: &mut String, value: u64) {
    if value >= 1000 {
        return out.push_str(itoa::Buffer::new().format(value));
    }
    if value >= 100 {
        push_digit(out, value / 100);
    }
    if value >= 10 {
        push_digit(out, value / 10);
    }
    push_digit(out, value);
}

/// Appends the last digit of a number.
#[inline]
pub(crate) fn push_digit(out: &mut String, number: u64) {
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// Appends six digits, zeros first.
#[inline]
pub(crate) fn six_digits(out: &mut String, number: u32) {
    // A one in front keeps the zeros.
    let mut buffer = itoa::Buffer::new();
    let (_, digits) = buffer.format(1_000_000 + number % 1_000_000).split_at(1);
    out.push_str(digits);
}

/// Appends a whole number below zero.
pub(crate) fn negative(out: &mut String, value: i64) {
    out.push('-');
    integer(out, value.unsigned_abs());
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if needs_escape(c) => {
            // A String takes every write.
            write!(out, "\\u{:04x}", u32::from(c)).ok();
        }
        c => out.push(c),
    }
}

/// Control characters (C1 too: a terminal obeys them), the two that end a line in JavaScript, and those that change
/// the direction of what follows.
pub(crate) fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character that starts with this byte may need an escape.
const fn is_special(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2)
}

/// Whether the text is ASCII that goes into a JSON string as it is.
fn is_plain(text: &[u8]) -> bool {
    // The last one overlaps a word that is looked at too, which does no harm.
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => short_word(text),
    };
    let (words, _) = text.as_chunks::<8>();
    let odd = words.iter().fold(odd_bytes(last), |odd, word| {
        odd | odd_bytes(u64::from_le_bytes(*word))
    });
    odd & EACH_HIGH == 0
}

/// Less than eight bytes as a word: some may be in it twice, and spaces fill it.
fn short_word(text: &[u8]) -> u64 {
    match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            (u64::from(u32::from_le_bytes(*first)) << 32) | u64::from(u32::from_le_bytes(*last))
        }
        _ => text
            .iter()
            .fold(EACH * 0x20, |word, &byte| (word << 8) | u64::from(byte)),
    }
}

/// Has the highest bit of some byte set if one of the eight bytes is not plain ASCII: the usual arithmetic on all
/// bytes of a word at once, as in Bit Twiddling Hacks, "Determine if a word has a byte less than n".
const fn odd_bytes(word: u64) -> u64 {
    let below_space = word.wrapping_sub(EACH * 0x20);
    let quote = (word ^ (EACH * b'"' as u64)).wrapping_sub(EACH);
    let backslash = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    let delete = word.wrapping_add(EACH);
    // For ASCII, each term has the bit exactly where its byte is meant, or above such a one; other bytes have it anyway.
    word | below_space | quote | backslash | delete
}

/// A float is so many bits and a hidden one before them.
const FRACTION_BITS: u32 = 52;
const HIDDEN: u64 = 1 << FRACTION_BITS;
/// In thousandths of the last bit.
const BELOW_HALF: u64 = 499;

const EACH: u64 = 0x0101_0101_0101_0101;
const EACH_HIGH: u64 = EACH * 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, limit: usize) -> (String, bool) {
        let mut out = String::new();
        let complete = string(&mut out, text, limit);
        (out, complete)
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
        let mut out = String::new();
        for value in [1.0, -0.1, 1e300, 5e-324, f64::NAN, f64::INFINITY] {
            float(&mut out, value);
            out.push(' ');
        }
        integer(&mut out, u64::MAX);

        assert_eq!(out, "1.0 -0.1 1e+300 5e-324 null null 18446744073709551615");
    }

    #[test]
    fn every_odd_byte_is_seen_in_every_place() {
        for byte in 0..=u8::MAX {
            let is_odd = !byte.is_ascii() || is_special(byte);
            for length in 1..20 {
                for at in 0..length {
                    let mut text = vec![b'~'; length];
                    text[at] = byte;
                    assert_eq!(is_plain(&text), !is_odd, "{byte:#x} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_decimal_is_the_shortest_that_reads_back() {
        let edges = [
            0.0,
            -0.0,
            0.001,
            -0.5,
            999.999,
            1000.0,
            999_999_999_999.999,
            1e12,
            1e15,
            0.0005,
            1e300,
        ];
        for value in edges
            .into_iter()
            .flat_map(|value: f64| [value.next_down(), value, value.next_up()])
        {
            assert_eq!(number(value), zmij::Buffer::new().format(value), "{value:e}");
        }
    }

    fn number(value: f64) -> String {
        let mut out = String::new();
        float(&mut out, value);
        out
    }

    proptest! {
        #[test]
        fn a_number_is_the_shortest_decimal_that_reads_back(
            bits in any::<u64>(),
            thousandths in -1_000_000_000_000_001_i64..1_000_000_000_000_001,
            magnitude in 0_u32..16,
            steps in -3_i64..4,
        ) {
            let any = f64::from_bits(bits);
            let near = (thousandths / 10_i64.pow(magnitude)) as f64 / 1000.0;
            let beside = f64::from_bits(near.to_bits().saturating_add_signed(steps));
            for value in [any, near, beside].into_iter().filter(|value| value.is_finite()) {
                let mut buffer = zmij::Buffer::new();
                prop_assert_eq!(number(value), buffer.format(value));
            }
        }

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
