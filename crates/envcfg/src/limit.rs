use std::{fmt, time::Duration};

use groundcrew_base::{ByteSize, format_duration, parse_duration};

/// One end of a range that a value must be in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Of a whole number.
    Integer(i128),
    /// Of a number.
    Number(f64),
    /// Of a duration.
    Duration(Duration),
    /// Of a number of bytes.
    Bytes(ByteSize),
    /// Of a type of your own, as it prints, or a whole number that is greater than [`i128::MAX`].
    Other(String),
}

impl Limit {
    /// Takes a limit as the derive writes it: each kind has a form of its own.
    pub(crate) fn read(text: String) -> Self {
        if let Ok(integer) = text.parse() {
            return Self::Integer(integer);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More than fits, and a float would round it.
            return Self::Other(text);
        }
        if let Ok(number) = text.parse() {
            return Self::Number(number);
        }
        if let Ok(duration) = parse_duration(&text) {
            return Self::Duration(duration);
        }
        match text.parse() {
            Ok(size) => Self::Bytes(size),
            Err(_) => Self::Other(text),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Duration(duration) => f.write_str(&format_duration(*duration)),
            Self::Bytes(size) => write!(f, "{size}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_by_its_form() {
        let cases = [
            ("-5", Limit::Integer(-5)),
            ("0.5", Limit::Number(0.5)),
            ("1m30s", Limit::Duration(Duration::from_secs(90))),
            ("5m", Limit::Duration(Duration::from_secs(300))),
            ("5 MiB", Limit::Bytes(ByteSize::mib(5))),
            ("7 B", Limit::Bytes(ByteSize::new(7))),
            (
                "340282366920938463463374607431768211455",
                Limit::Other(u128::MAX.to_string()),
            ),
            ("Version(3)", Limit::Other(String::from("Version(3)"))),
        ];

        for (text, limit) in cases {
            assert_eq!(limit.to_string(), text);
            assert_eq!(Limit::read(String::from(text)), limit);
        }
    }
}
