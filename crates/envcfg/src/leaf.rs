use std::{fmt, str::FromStr, time::Duration};

use groundcrew_base::{DurationError, format_duration, parse_duration, parse_flag};
use serde::{
    Deserializer,
    de::{
        self, Visitor,
        value::{SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::LeafError;

/// The text of one value on its way into a type, through serde.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    pub(crate) text: &'a str,
    pub(crate) unit: Option<&'static str>,
}

impl fmt::Debug for Leaf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf")
            .field("bytes", &self.text.len())
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}

impl Leaf<'_> {
    /// The text with the unit of the field behind it if it is a bare number.
    pub(crate) fn with_unit(self) -> String {
        let text = self.text.trim();
        let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match self.unit {
            Some("bytes") | None => text.to_owned(),
            Some(unit) if bare => format!("{text}{unit}"),
            Some(_) => text.to_owned(),
        }
    }

    /// What stands between the commas; an empty text is an empty list.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let mut texts = self.text.split(',');
        if self.text.is_empty() {
            texts.next();
        }
        texts.map(move |text| Self {
            text: text.trim(),
            unit: self.unit,
        })
    }

    fn integer<T: FromStr>(self, least: i128, most: i128) -> Result<T, LeafError> {
        let number = self.text.parse().or_else(|_| self.text.trim().parse());
        number.map_err(|_: T::Err| LeafError::Expected(format!("a whole number from {least} to {most}")))
    }

    pub(crate) fn boolean(self) -> Result<bool, LeafError> {
        parse_flag(self.text).ok_or_else(|| {
            let words = "true or false (or 1, 0, yes, no, on, off)";
            LeafError::Expected(words.to_owned())
        })
    }

    /// `limits` are the least and the greatest number of the type.
    fn float<T: FromStr + PartialOrd + fmt::LowerExp>(self, limits: [T; 2]) -> Result<T, LeafError> {
        let [least, most] = limits;
        match self.text.trim().parse() {
            Ok(number) if least <= number && number <= most => Ok(number),
            // Not `inf` or `NaN`, but more than the type holds.
            Ok(_) if self.text.contains(|c: char| c.is_ascii_digit()) => {
                let expected = format!("a number from {least:e} to {most:e}");
                Err(LeafError::Expected(expected))
            }
            _ => Err(LeafError::Expected(String::from("a number"))),
        }
    }

    fn duration(self) -> Result<[u64; 2], LeafError> {
        let duration = parse_duration(&self.with_unit()).map_err(|error| {
            let unit = self.unit.map(|unit| format!(", or a number of {unit}"));
            match error {
                DurationError::NotANumber => {
                    let example = format_duration(Duration::from_secs(5400));
                    LeafError::Expected(format!(
                        "a duration such as 30s or {example}{}",
                        unit.unwrap_or_default()
                    ))
                }
                other => LeafError::Foreign(other.to_string()),
            }
        })?;
        Ok([duration.as_secs(), u64::from(duration.subsec_nanos())])
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
            visitor.$visit(self.integer::<$type>(<$type>::MIN.into(), <$type>::MAX.into())?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Leaf<'_> {
    type Error = LeafError;

    /// A type that takes anything gets the text. `ByteSize` is one; its bare numbers get their unit here.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        match self.unit {
            Some(_) => visitor.visit_str(&self.with_unit()),
            None => visitor.visit_str(self.text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_bool(self.boolean()?)
    }

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_i128(self.integer(i128::MIN, i128::MAX)?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        let expected = || LeafError::Expected(format!("a whole number from 0 to {}", u128::MAX));
        visitor.visit_u128(self.text.trim().parse().map_err(|_| expected())?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_f32(self.float([f32::MIN, f32::MAX])?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_f64(self.float([f64::MIN, f64::MAX])?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        let mut chars = self.text.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) => visitor.visit_char(only),
            _ => Err(LeafError::Expected(String::from("one character"))),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_bytes(self.text.as_bytes())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, LeafError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LeafError> {
        visitor.visit_seq(SeqDeserializer::new(self.elements()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, LeafError> {
        self.deserialize_seq(visitor)
    }

    /// The shape in which serde reads [`std::time::Duration`]; no other struct fits one variable.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LeafError> {
        match (name, fields) {
            ("Duration", ["secs", "nanos"]) => {
                visitor.visit_seq(SeqDeserializer::new(self.duration()?.into_iter()))
            }
            _ => Err(LeafError::Foreign(String::from(
                "one variable cannot hold a struct",
            ))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LeafError> {
        let text = self.text.trim();
        let same = |name: &&&str| name.eq_ignore_ascii_case(text);
        let exact = variants.iter().find(|name| **name == text);
        let name = exact
            .or_else(|| variants.iter().find(same))
            .copied()
            .unwrap_or(text);
        visitor.visit_enum(StrDeserializer::new(name))
    }

    forward_to_deserialize_any! { str string unit unit_struct tuple_struct map identifier ignored_any }
}

impl de::IntoDeserializer<'_, LeafError> for Leaf<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
