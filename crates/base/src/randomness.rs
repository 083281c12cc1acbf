use std::collections::HashSet;

/// Estimates how many bits of randomness `text` holds at most.
///
/// Each character counts as much as one drawn from the smallest common alphabet that holds them all (digits,
/// hexadecimal, letters of one case, base64, printable), or from as many characters as the text really has if
/// those are conspicuously few. What can be foretold does not count: the third and every later character of a
/// run of equal (`aaa`) or successive (`123`, `cba`) ones, and what repeats an earlier part of the text. A few of
/// these, as every random text has them, are let pass.
///
/// The estimate knows no dictionary: it is right for generated secrets, finds short, repeated and monotonous
/// ones, and gives a sentence more than it deserves. Only the first 256 characters are looked at.
///
/// # Examples
/// ```
/// use groundcrew_base::estimated_bits;
///
/// assert!(estimated_bits("9f86d081884c7d659a2feaa0c55ad015") >= 128.0);
/// assert!(estimated_bits("abcabcabcabcabcabcabcabcabcabcab") < 32.0);
/// ```
#[must_use]
pub fn estimated_bits(text: &str) -> f64 {
    let chars: Vec<char> = text.trim_end_matches('=').chars().take(MOST).collect();
    let foretold = (0..chars.len()).filter(|end| is_foretold(&chars, *end)).count();
    let fresh = match foretold * TOLERANCE <= chars.len() {
        true => chars.len(),
        false => chars.len() - foretold,
    };
    number(fresh) * number(alphabet(&chars)).max(1.0).log2()
}

fn is_foretold(chars: &[char], end: usize) -> bool {
    let before = chars.get(..=end).unwrap_or_default();
    if let [.., a, b, c] = before {
        let (first, second) = (
            i64::from(u32::from(*b)) - i64::from(u32::from(*a)),
            i64::from(u32::from(*c)) - i64::from(u32::from(*b)),
        );
        if first == second && first.abs() <= 1 {
            return true;
        }
    }
    before.len() > REPEATED
        && before.split_last_chunk::<REPEATED>().is_some_and(|(_, last)| {
            before
                .get(..end)
                .is_some_and(|earlier| earlier.windows(REPEATED).any(|part| part == last))
        })
}

/// How many characters there were to choose from.
fn alphabet(chars: &[char]) -> usize {
    let any = |test: fn(&char) -> bool| chars.iter().any(test);
    let (digits, lower, upper) = (
        any(char::is_ascii_digit),
        any(char::is_ascii_lowercase),
        any(char::is_ascii_uppercase),
    );
    let hexadecimal = chars.iter().all(char::is_ascii_hexdigit) && lower != upper;
    let letters = match (lower, upper) {
        (true, true) => 64,
        _ if hexadecimal && digits => 16,
        (true, false) | (false, true) => 26 + if digits { 10 } else { 0 },
        (false, false) => 10,
    };
    let of_base64 = |c: &char| c.is_ascii_alphanumeric() || "+/-_".contains(*c);
    let others = if chars.iter().all(of_base64) { 0 } else { 33 };
    let size = letters + others;
    let distinct = chars.iter().collect::<HashSet<_>>().len();
    match distinct * 2 < size.min(chars.len()) {
        true => distinct,
        false => size,
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// As many characters as anybody asks for.
const MOST: usize = 256;

/// So long a part that comes again was copied.
const REPEATED: usize = 4;

/// One foretold character in so many is a coincidence.
const TOLERANCE: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weak_texts_have_few_bits() {
        let weak = [
            ("", 1.0),
            ("a", 5.0),
            ("hunter2", 40.0),
            ("password", 40.0),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1.0),
            ("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", 20.0),
            ("0123456789876543210123456789876543210", 20.0),
            ("hunter2hunter2hunter2hunter2hunter2", 60.0),
            ("ababababbabaabbabababbaabababbab", 33.0),
        ];

        for (text, most) in weak {
            let bits = estimated_bits(text);
            assert!(bits <= most, "{text}: {bits}");
        }
    }

    proptest! {
        #[test]
        fn generated_secrets_hold_what_they_were_made_of(bytes in any::<[u8; 32]>()) {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();

            prop_assert!(estimated_bits(&hex[..32]) >= 128.0, "{}", hex);
            prop_assert!(estimated_bits(&hex) >= 256.0, "{}", hex);
            for last in ["+/", "-_"] {
                let text = base64(&bytes, last);
                prop_assert!(estimated_bits(&text) >= 256.0, "{}", text);
            }
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,300}") {
            prop_assert!(estimated_bits(&text) >= 0.0);
        }
    }

    /// 32 bytes as 43 characters of 6 bits, the last of them with 4.
    fn base64(bytes: &[u8], last: &str) -> String {
        let digits: Vec<char> = ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain(last.chars())
            .collect();
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let digit = |at: usize| u8::from_str_radix(&format!("{:0<6}", &bits[at..bits.len().min(at + 6)]), 2);
        (0..bits.len())
            .step_by(6)
            .map(|at| digits[usize::from(digit(at).unwrap())])
            .collect()
    }
}
