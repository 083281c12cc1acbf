use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::strtime};

/// How long a server asks to wait, in seconds or until a date, as [RFC 9110, 10.2.3] has it.
///
/// [RFC 9110, 10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::from(date(value)?);
    Some(date.duration_since(now).unwrap_or_default())
}

/// A date in each of the three forms that HTTP knows.
fn date(value: &str) -> Option<Timestamp> {
    FORMS
        .iter()
        .find_map(|form| strtime::parse(form, value).ok()?.to_datetime().ok())
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|date| date.timestamp())
}

const FORMS: [&str; 3] = [
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %e %H:%M:%S %Y",
];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        // 1994-11-06T08:49:30Z
        retry_after(
            &headers,
            SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770),
        )
    }

    #[test]
    fn seconds_and_dates_are_read() {
        for (value, seconds) in [
            ("0", 0),
            (" 120 ", 120),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 7),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 7),
            ("Sun Nov  6 08:49:37 1994", 7),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            assert_eq!(asked(value), Some(Duration::from_secs(seconds)), "{value}");
        }
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in [
            "",
            "soon",
            "-1",
            "1.5",
            "99999999999999999999999",
            "Sun, 06 Nov 1994",
        ] {
            assert_eq!(asked(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
