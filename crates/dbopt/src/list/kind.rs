use jiff::{Timestamp, civil, tz::TimeZone};

/// What a declared column holds, and so which values and operators fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`.
    Int,
    /// `real`, `double precision`.
    Float,
    /// `numeric`.
    Decimal,
    /// `text`, `varchar`, `citext`, enums.
    Text,
    /// `uuid`.
    Uuid,
    /// `timestamptz`.
    Timestamp,
}

impl Kind {
    /// What a value must be, for people.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Float | Self::Decimal => "a number",
            Self::Text => "text without NUL",
            Self::Uuid => "a UUID",
            Self::Timestamp => "a time such as 2026-01-31T12:00:00Z, or a date",
        }
    }

    /// Checks a text and gives it in the form that PostgreSQL reads.
    pub(crate) fn parse(self, text: &str) -> Option<String> {
        match self {
            Self::Bool => text.parse::<bool>().ok().map(|value| value.to_string()),
            Self::Int => text.parse::<i64>().ok().map(|value| value.to_string()),
            Self::Float => {
                let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
                finite.then(|| text.to_owned())
            }
            Self::Decimal => is_decimal(text).then(|| text.to_owned()),
            Self::Text => (!text.contains('\0')).then(|| text.to_owned()),
            Self::Uuid => is_uuid(text).then(|| text.to_owned()),
            Self::Timestamp => timestamp(text).map(|at| at.to_string()),
        }
    }

    /// The parameter `$number` as a value of this kind.
    pub(crate) fn parameter(self, number: usize) -> String {
        self.sql_type()
            .map_or_else(|| format!("${number}"), |ty| format!("(${number}::text)::{ty}"))
    }

    /// The parameter `$number` as an array of values of this kind.
    pub(crate) fn array_parameter(self, number: usize) -> String {
        self.sql_type().map_or_else(
            || format!("${number}"),
            |ty| format!("(${number}::text[])::{ty}[]"),
        )
    }

    /// `None` for text, whose parameters take the column's own type: comparing a `citext` or an enum with
    /// `text` would be something else.
    const fn sql_type(self) -> Option<&'static str> {
        match self {
            Self::Bool => Some("boolean"),
            Self::Int => Some("bigint"),
            Self::Float => Some("double precision"),
            Self::Decimal => Some("numeric"),
            Self::Text => None,
            Self::Uuid => Some("uuid"),
            Self::Timestamp => Some("timestamptz"),
        }
    }
}

/// A date alone is its first instant, in UTC.
fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: civil::Date = (text.len() == "2026-01-31".len())
            .then(|| text.parse().ok())
            .flatten()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.len() <= 1000 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_by_kind() {
        let cases = [
            (Kind::Bool, "true", Some("true")),
            (Kind::Bool, "1", None),
            (Kind::Int, "-5", Some("-5")),
            (Kind::Int, "5; DROP TABLE players", None),
            (Kind::Int, "99999999999999999999", None),
            (Kind::Float, "1e3", Some("1e3")),
            (Kind::Float, "1,5", None),
            (Kind::Float, "NaN", None),
            (Kind::Float, "-inf", None),
            (Kind::Float, "1e400", None),
            (Kind::Decimal, "-12.50", Some("-12.50")),
            (Kind::Decimal, "1e3", None),
            (Kind::Decimal, ".", None),
            (Kind::Text, "' OR 1=1 --", Some("' OR 1=1 --")),
            (Kind::Text, "a\0b", None),
            (
                Kind::Uuid,
                "c56a4180-65aa-42ec-a945-5fd21dec0538",
                Some("c56a4180-65aa-42ec-a945-5fd21dec0538"),
            ),
            (Kind::Uuid, "c56a4180-65aa-42ec-a945-5fd21dec053g", None),
            (Kind::Timestamp, "2026-01-31", Some("2026-01-31T00:00:00Z")),
            (
                Kind::Timestamp,
                "2026-01-31T12:00:00+02:00",
                Some("2026-01-31T10:00:00Z"),
            ),
            (Kind::Timestamp, "yesterday", None),
            (Kind::Timestamp, "infinity", None),
        ];

        for (kind, text, parsed) in cases {
            assert_eq!(kind.parse(text).as_deref(), parsed, "{kind:?} {text:?}");
        }
    }
}
