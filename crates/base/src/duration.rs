use std::{error::Error as StdError, fmt, time::Duration};

/// Reads a duration written with units: `30s`, `15m`, `1h30m`, `500ms`, `1.5h`.
///
/// Units are `w`, `d`, `h`, `m`, `s`, `ms`, `us` (or `µs`) and `ns`, in that order and each at most once;
/// blanks may stand between the parts. A number without a unit is refused, because 30 could be anything.
///
/// # Errors
/// [`DurationError`] says what is wrong with the text; it does not hold the text.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::parse_duration;
///
/// assert_eq!(parse_duration("1h30m")?, Duration::from_secs(90 * 60));
/// assert_eq!(parse_duration("0.5s")?, Duration::from_millis(500));
/// assert!(parse_duration("30").is_err());
/// # Ok::<(), groundcrew_base::DurationError>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    let mut total: u128 = 0;
    let mut largest = u128::MAX;
    if rest.is_empty() {
        return Err(DurationError::NotANumber);
    }
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit() && c != '.');
        let (unit, after) = split_where(after.trim_start(), |c| c.is_ascii_digit() || c.is_whitespace());
        let nanos = unit_nanos(number, unit)?;
        if nanos >= largest {
            return Err(DurationError::Order);
        }
        largest = nanos;
        total = total
            .checked_add(scaled(number, nanos)?)
            .ok_or(DurationError::TooLarge)?;
        rest = after.trim_start();
    }
    whole(total)
}

/// Writes a duration so that [`parse_duration`] reads the same one back: `1h30m`, `500ms`, `0s`.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::format_duration;
///
/// assert_eq!(format_duration(Duration::from_millis(90_500)), "1m30s500ms");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut out = String::new();
    for (name, nanos) in DURATION_UNITS.into_iter().filter(|(name, _)| *name != "µs") {
        let count = rest / nanos;
        if count > 0 {
            out.push_str(&format!("{count}{name}"));
            rest %= nanos;
        }
    }
    if out.is_empty() {
        out.push_str("0s");
    }
    out
}

/// Says why a text is not a duration. The text itself is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationError {
    /// A part does not start with a number.
    NotANumber,
    /// A number has no unit.
    NoUnit,
    /// What follows a number is not a unit.
    UnknownUnit,
    /// The units are not from the largest to the smallest, or one is repeated.
    Order,
    /// It is finer than a nanosecond.
    TooFine,
    /// It is more than [`Duration::MAX`].
    TooLarge,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "expected a duration such as 30s or 1h30m",
            Self::NoUnit => "expected a unit behind the number, such as 30s or 15m",
            Self::UnknownUnit => "unknown unit, expected one of w, d, h, m, s, ms, us, ns",
            Self::Order => "expected units from the largest to the smallest, such as 1h30m",
            Self::TooFine => "finer than a nanosecond",
            Self::TooLarge => "longer than 2^64 seconds",
        })
    }
}

impl StdError for DurationError {}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

fn unit_nanos(number: &str, unit: &str) -> Result<u128, DurationError> {
    match unit {
        _ if number.is_empty() => Err(DurationError::NotANumber),
        "" => Err(DurationError::NoUnit),
        _ => DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|&(_, nanos)| nanos)
            .ok_or(DurationError::UnknownUnit),
    }
}

/// `number` times `nanos`, exactly.
fn scaled(number: &str, nanos: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
        return Err(DurationError::NotANumber);
    }
    let whole: u64 = whole.parse().map_err(|_| DurationError::TooLarge)?;
    let mut sum = u128::from(whole)
        .checked_mul(nanos)
        .ok_or(DurationError::TooLarge)?;
    let mut place = nanos;
    for digit in fraction.bytes() {
        let digit = u128::from(digit - b'0');
        if digit > 0 && !place.is_multiple_of(10) {
            return Err(DurationError::TooFine);
        }
        place /= 10;
        sum += digit * place;
    }
    Ok(sum)
}

fn whole(nanos: u128) -> Result<Duration, DurationError> {
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).map_err(|_| DurationError::TooLarge)?;
    let rest = u32::try_from(nanos % NANOS_PER_SECOND).map_err(|_| DurationError::TooLarge)?;
    Ok(Duration::new(seconds, rest))
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The units that [`parse_duration`] reads, from the largest to the smallest, and their nanoseconds.
pub const DURATION_UNITS: [(&str, u128); 9] = [
    ("w", 7 * 86_400 * NANOS_PER_SECOND),
    ("d", 86_400 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("s", NANOS_PER_SECOND),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_what_they_say() {
        let cases = [
            ("0s", Duration::ZERO),
            ("500ms", Duration::from_millis(500)),
            (" 1h 30m ", Duration::from_secs(5400)),
            ("1.5h", Duration::from_secs(5400)),
            ("2w1d", Duration::from_secs(15 * 86_400)),
            ("1m0.25s", Duration::from_millis(60_250)),
            ("7µs", Duration::from_micros(7)),
            ("10 s", Duration::from_secs(10)),
        ];

        for (text, duration) in cases {
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("", DurationError::NotANumber),
            ("s", DurationError::NotANumber),
            ("-1s", DurationError::NotANumber),
            (".5s", DurationError::NotANumber),
            ("1.s", DurationError::NotANumber),
            ("1.2.3s", DurationError::NotANumber),
            ("30", DurationError::NoUnit),
            ("1h30", DurationError::NoUnit),
            ("3 parsecs", DurationError::UnknownUnit),
            ("1S", DurationError::UnknownUnit),
            ("30m1h", DurationError::Order),
            ("1s1s", DurationError::Order),
            ("0.5ns", DurationError::TooFine),
            ("99999999999999999999s", DurationError::TooLarge),
            ("18446744073709551615w", DurationError::TooLarge),
        ];

        for (text, error) in cases {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn writes_what_it_reads(seconds in 0..=u64::MAX, nanos in 0..1_000_000_000_u32) {
            let duration = Duration::new(seconds, nanos);

            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_taken(text in "[0-9a-z. µ]{0,12}") {
            let read = parse_duration(&text);

            prop_assert!(read.is_err() || text.contains(|c: char| c.is_ascii_digit()));
        }
    }
}
