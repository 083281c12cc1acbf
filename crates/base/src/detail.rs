use std::{borrow::Cow, fmt};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use crate::redact;

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

    /// The same without credentials in their texts.
    #[must_use]
    pub fn redacted(self) -> Self {
        let facts = self.0.into_iter();
        Self(facts.map(|(name, value)| (name, value.redacted())).collect())
    }

    /// Whether there is no fact.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Detail {
    /// The same without credentials in its texts.
    #[must_use]
    pub fn redacted(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(redact(&text).into_owned().into()),
            Self::List(values) => Self::List(values.into_iter().map(Self::redacted).collect()),
            Self::Map(values) => Self::Map(values.redacted()),
            Self::Bool(_) | Self::Int(_) | Self::UInt(_) | Self::Float(_) => self,
        }
    }
}

/// For people: `written: 3, error: no space`.
impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            write!(f, "{separator}{name}: {value}")?;
        }
        Ok(())
    }
}

/// For people: texts as they are, lists in `[]`, facts in `{}`.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::UInt(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
            Self::Map(values) => write!(f, "{{{values}}}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    let separator = if at > 0 { ", " } else { "" };
                    write!(f, "{separator}{value}")?;
                }
                f.write_str("]")
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Details {
        let mut inner = Details::new();
        inner.set("url", "postgres://app:hunter2@db");
        let mut facts = Details::new();
        facts.set("written", 3_u64);
        facts.set("error", "no space".to_owned());
        facts.set(
            "hosts",
            vec![Detail::from("redis://:hunter2@a"), Detail::from(true)],
        );
        facts.set("inner", inner);
        facts
    }

    #[test]
    fn facts_are_told_in_their_order() {
        assert_eq!(
            facts().to_string(),
            "written: 3, error: no space, hosts: [redis://:hunter2@a, true], inner: {url: postgres://app:hunter2@db}"
        );
        assert_eq!(Details::new().to_string(), "");
    }

    #[test]
    fn no_text_keeps_its_credentials_however_deep_it_lies() {
        assert_eq!(
            facts().redacted().to_string(),
            "written: 3, error: no space, hosts: [redis://:***@a, true], inner: {url: postgres://app:***@db}"
        );
    }
}
