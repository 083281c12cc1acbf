use std::time::SystemTime;

use jiff::Timestamp;

use super::Kind;

/// A value to compare with. Text is accepted for every kind of column when it reads as one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, or another kind written as text.
    Text(String),
    /// A point in time.
    Time(SystemTime),
    /// Several, for [`Operator::In`](super::Operator::In).
    List(Vec<Self>),
}

impl Value {
    /// The value as PostgreSQL reads it, if it fits the kind.
    pub(crate) fn encode(&self, kind: Kind) -> Option<String> {
        match (self, kind) {
            (Self::Text(text), _) => kind.parse(text),
            (Self::Bool(value), Kind::Bool) => Some(value.to_string()),
            (Self::Int(value), Kind::Int | Kind::Float | Kind::Decimal) => Some(value.to_string()),
            (Self::Float(value), Kind::Float) => value.is_finite().then(|| value.to_string()),
            (Self::Time(at), Kind::Timestamp) => Some(Timestamp::try_from(*at).ok()?.to_string()),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $make:expr),+ $(,)?) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $make
            }
        }
    )+};
}

from! {
    bool => |value| Self::Bool(value),
    i16 => |value| Self::Int(value.into()),
    i32 => |value| Self::Int(value.into()),
    u32 => |value| Self::Int(value.into()),
    i64 => |value| Self::Int(value),
    f64 => |value| Self::Float(value),
    &str => |value| Self::Text(value.to_owned()),
    String => |value| Self::Text(value),
    SystemTime => |value| Self::Time(value),
}

impl<V: Into<Self>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
