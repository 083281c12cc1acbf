//! Regular expressions for numbers within limits, in the common part of ECMA-262 and other dialects.

/// Matches a whole number from `min` to `max`, with a sign and zeros before it as the loader takes them.
pub(super) fn integer(min: i128, max: i128) -> String {
    let mut parts = Vec::new();
    if let (true, Ok(most)) = (min <= max, u128::try_from(max)) {
        parts.push(unsigned(u128::try_from(min).unwrap_or(0), most));
    }
    if min <= max && min <= 0 {
        let least = if max < 0 { max.unsigned_abs() } else { 0 };
        parts.push(format!("-0*{}", natural(least, min.unsigned_abs())));
    }
    alternatives(&parts)
}

/// Matches a whole number from `min` to `max`, with a plus and zeros before it, but no minus.
pub(super) fn unsigned(min: u128, max: u128) -> String {
    format!("\\+?0*{}", natural(min, max))
}

/// Matches a whole number from `min` to `max`, whose digits have no zeros before them.
pub(super) fn natural(min: u128, max: u128) -> String {
    let mut parts = Vec::new();
    let mut from = min;
    while from <= max {
        let digits = from.to_string();
        let last = all_nines(digits.len()).min(max);
        same_length(digits.as_bytes(), last.to_string().as_bytes(), "", &mut parts);
        match last.checked_add(1) {
            Some(next) => from = next,
            None => break,
        }
    }
    alternatives(&parts)
}

/// Any of `parts`; what never matches if there is none.
pub(super) fn alternatives(parts: &[String]) -> String {
    match parts.len() {
        0 => String::from("(?!)"),
        _ => format!("(?:{})", parts.join("|")),
    }
}

/// Matches `word`, upper or lower case alike.
pub(super) fn any_case(word: &str) -> String {
    word.chars()
        .map(|c| match c.is_ascii_alphabetic() {
            true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
            false => escape(&c.to_string()),
        })
        .collect()
}

/// Matches `text` itself.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if "\\^$.|?*+()[]{}".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

fn all_nines(digits: usize) -> u128 {
    let power = u32::try_from(digits)
        .ok()
        .and_then(|digits| 10_u128.checked_pow(digits));
    power.map_or(u128::MAX, |power| power - 1)
}

/// Adds what matches the numbers from `min` to `max`, which have as many digits, after `prefix`.
fn same_length(min: &[u8], max: &[u8], prefix: &str, parts: &mut Vec<String>) {
    let (Some((&low, min_rest)), Some((&high, max_rest))) = (min.split_first(), max.split_first()) else {
        parts.push(prefix.to_owned());
        return;
    };
    if low == high {
        return same_length(min_rest, max_rest, &format!("{prefix}{}", char::from(low)), parts);
    }
    let whole_low = min_rest.iter().all(|&digit| digit == b'0');
    let whole_high = max_rest.iter().all(|&digit| digit == b'9');
    if !whole_low {
        let nines = vec![b'9'; min_rest.len()];
        same_length(min_rest, &nines, &format!("{prefix}{}", char::from(low)), parts);
    }
    let first = if whole_low { low } else { low + 1 };
    let last = if whole_high { high } else { high - 1 };
    if first <= last {
        parts.push(format!(
            "{prefix}{}{}",
            digit(first, last),
            digits(min_rest.len())
        ));
    }
    if !whole_high {
        let zeros = vec![b'0'; max_rest.len()];
        same_length(&zeros, max_rest, &format!("{prefix}{}", char::from(high)), parts);
    }
}

fn digit(first: u8, last: u8) -> String {
    match first == last {
        true => char::from(first).to_string(),
        false => format!("[{}-{}]", char::from(first), char::from(last)),
    }
}

fn digits(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => String::from("[0-9]"),
        _ => format!("[0-9]{{{count}}}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn whole(pattern: &str) -> Regex {
        Regex::new(&format!("^{pattern}$")).unwrap()
    }

    #[test]
    fn patterns_stay_readable() {
        assert_eq!(natural(0, 9), "(?:[0-9])");
        assert_eq!(
            natural(1000, 65_535),
            "(?:[1-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
        );
        assert_eq!(any_case("on-1"), "[Oo][Nn]-1");
    }

    #[test]
    fn signs_and_zeros_are_taken_as_a_parser_takes_them() {
        let pattern = whole(&integer(-5, 12));

        for text in ["-5", "-0", "0", "+12", "007", "-04"] {
            assert!(pattern.is_match(text), "{text}");
        }
        for text in ["-6", "13", "+-1", "", "1.0", " 1"] {
            assert!(!pattern.is_match(text), "{text}");
        }
        assert!(whole(&integer(-12, -5)).is_match("-7") && !whole(&integer(-12, -5)).is_match("-4"));
        assert!(!whole(&unsigned(0, u128::MAX)).is_match("-0"));
        assert!(whole(&unsigned(0, u128::MAX)).is_match(&u128::MAX.to_string()));
        assert!(whole(&integer(i128::MIN, i128::MAX)).is_match(&i128::MIN.to_string()));
    }

    proptest! {
        #[test]
        fn exactly_the_numbers_in_between_match(a in 0..2000_u128, b in 0..2000_u128, n in 0..2100_u128) {
            let (min, max) = (a.min(b), a.max(b));

            prop_assert_eq!(whole(&natural(min, max)).is_match(&n.to_string()), (min..=max).contains(&n));
        }

        #[test]
        fn large_numbers_are_no_exception(a: u64, b: u64, n: u64) {
            let (min, max) = (a.min(b), a.max(b));
            let matches = whole(&natural(min.into(), max.into())).is_match(&n.to_string());

            prop_assert_eq!(matches, (min..=max).contains(&n));
        }
    }
}
