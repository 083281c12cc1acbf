use std::borrow::Cow;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

/// One fact in a [`Verdict`](crate::Verdict)'s details: what JSON can hold, in the order it was given.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Detail {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, negative ones too.
    Int(i64),
    /// A whole number.
    UInt(u64),
    /// A number; NaN and infinities serialise as null.
    Float(f64),
    /// Text. The maker keeps secrets out; [`redact`](crate::redact) helps.
    Text(Cow<'static, str>),
    /// Several facts in order.
    List(Vec<Self>),
    /// Named facts in order.
    Map(Details),
}

/// Named facts in the order they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details(Vec<(Cow<'static, str>, Detail)>);

impl Details {
    /// No facts.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a fact, or replaces the one of that name.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Detail>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The fact of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Detail> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Every fact, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Detail)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Whether there is no fact.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
            Self::Map(values) => values.serialize(serializer),
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $make:expr),+ $(,)?) => {$(
        impl From<$source> for Detail {
            fn from($value: $source) -> Self {
                $make
            }
        }
    )+};
}

from! {
    bool => |value| Self::Bool(value),
    i64 => |value| Self::Int(value),
    i32 => |value| Self::Int(value.into()),
    u64 => |value| Self::UInt(value),
    u32 => |value| Self::UInt(value.into()),
    usize => |value| Self::UInt(value as u64),
    f64 => |value| Self::Float(value),
    &'static str => |value| Self::Text(Cow::Borrowed(value)),
    String => |value| Self::Text(Cow::Owned(value)),
    Vec<Self> => |values| Self::List(values),
    Details => |values| Self::Map(values),
}
