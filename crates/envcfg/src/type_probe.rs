//! Asks a type what it reads itself from: serde hands every type a deserializer, and this one only listens.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as DeError, Expected, SeqAccess, Visitor,
        value::StrDeserializer,
    },
};

use crate::ValueType;

pub(crate) fn probe<T: DeserializeOwned>() -> ValueType {
    let mut heard = None;
    // What it makes of the answers is of no interest, and none of them is a value.
    drop(T::deserialize(Probe(&mut heard)));
    heard.unwrap_or(ValueType::Custom { expects: None })
}

/// Notes the first thing that is asked for, then refuses to give it.
struct Probe<'p>(&'p mut Option<ValueType>);

#[derive(Debug)]
struct Heard;

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a probe holds no value")
    }
}

impl std::error::Error for Heard {}

impl DeError for Heard {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Probe<'_> {
    fn note<T>(self, heard: ValueType) -> Result<T, Heard> {
        *self.0 = Some(heard);
        Err(Heard)
    }

    /// A text, of which the visitor's own words may tell more.
    fn text<T>(self, visitor: &dyn Expected) -> Result<T, Heard> {
        let heard = match visitor.to_string().as_str() {
            "a string" | "a borrowed string" | "path string" | "an OS string" => ValueType::Text,
            "a string representing an URL" => ValueType::Url,
            "a byte size such as 10MiB" => ValueType::ByteSize,
            "" | "any value" => ValueType::Custom { expects: None },
            what => ValueType::Custom {
                expects: Some(what.to_owned()),
            },
        };
        self.note(heard)
    }
}

macro_rules! integers {
    ($($method:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Heard> {
            self.note(ValueType::Integer {
                min: i128::from(<$type>::MIN),
                max: <$type>::MAX.unsigned_abs().into(),
            })
        }
    )*};
}

macro_rules! naturals {
    ($($method:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Heard> {
            let visitor: &dyn Expected = &visitor;
            let min = i128::from(visitor.to_string().starts_with("a nonzero"));
            self.note(ValueType::Integer { min, max: <$type>::MAX.into() })
        }
    )*};
}

macro_rules! noted {
    ($($method:ident $heard:expr,)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Heard> {
            self.note($heard)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Heard> {
            self.text(&visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Heard;

    integers! {
        deserialize_i8 i8
        deserialize_i16 i16
        deserialize_i32 i32
        deserialize_i64 i64
        deserialize_i128 i128
    }

    naturals! {
        deserialize_u8 u8
        deserialize_u16 u16
        deserialize_u32 u32
        deserialize_u64 u64
        deserialize_u128 u128
    }

    noted! {
        deserialize_bool ValueType::Bool,
        deserialize_f32 ValueType::Number,
        deserialize_f64 ValueType::Number,
        deserialize_char ValueType::Char,
        deserialize_unit ValueType::Custom { expects: None },
        deserialize_map ValueType::Custom { expects: None },
    }

    texts! {
        deserialize_any
        deserialize_str
        deserialize_string
        deserialize_bytes
        deserialize_byte_buf
        deserialize_identifier
        deserialize_ignored_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Heard> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Heard> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Heard> {
        let mut element = None;
        drop(visitor.visit_seq(Elements(&mut element)));
        let of = element.unwrap_or(ValueType::Custom { expects: None });
        self.note(ValueType::list(of, false))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Heard> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Heard> {
        self.text(&visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Heard> {
        self.text(&visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Heard> {
        match (name, fields) {
            ("Duration", ["secs", "nanos"]) => self.note(ValueType::Duration),
            _ => self.text(&visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Heard> {
        // A variant with `#[serde(other)]` takes every word that names none.
        let takes_any = visitor
            .visit_enum(StrDeserializer::<Heard>::new(NO_VARIANT))
            .is_ok();
        self.note(match takes_any {
            true => ValueType::Custom {
                expects: Some(format!("one of {} or any other word", variants.join(", "))),
            },
            false => ValueType::Enum(variants.to_vec()),
        })
    }
}

/// A text that names no variant of any enum.
const NO_VARIANT: &str = "no variant has this name";

/// Hands the probe to the first element of a list.
struct Elements<'p>(&'p mut Option<ValueType>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Heard;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Heard> {
        seed.deserialize(Probe(self.0)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::{IpAddr, SocketAddr},
        num::NonZeroU16,
        path::PathBuf,
        time::Duration,
    };

    use groundcrew_base::{ByteSize, Secret};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        ReadOnly,
        #[serde(alias = "rw")]
        ReadWrite,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Region {
        Eu,
        #[serde(other)]
        Elsewhere,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only probed")]
    struct Port(u16);

    #[derive(Deserialize)]
    #[serde(transparent)]
    #[expect(dead_code, reason = "only probed")]
    struct Room(Option<ByteSize>);

    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    #[expect(dead_code, reason = "only probed")]
    struct Email(String);

    impl TryFrom<String> for Email {
        type Error = &'static str;

        fn try_from(_: String) -> Result<Self, Self::Error> {
            Err("never an address")
        }
    }

    #[test]
    fn scalars_tell_their_type_and_bounds() {
        assert_eq!(probe::<bool>(), ValueType::Bool);
        assert_eq!(probe::<i8>(), ValueType::Integer { min: -128, max: 127 });
        assert_eq!(
            probe::<i128>(),
            ValueType::Integer {
                min: i128::MIN,
                max: i128::MAX.unsigned_abs()
            }
        );
        assert_eq!(probe::<Port>(), ValueType::Integer { min: 0, max: 65_535 });
        assert_eq!(probe::<NonZeroU16>(), ValueType::Integer { min: 1, max: 65_535 });
        assert_eq!(
            (probe::<f32>(), probe::<char>()),
            (ValueType::Number, ValueType::Char)
        );
        assert_eq!(
            (probe::<Option<Duration>>(), probe::<Room>()),
            (ValueType::Duration, ValueType::ByteSize)
        );
    }

    #[test]
    fn texts_tell_what_they_expect() {
        assert_eq!(
            [probe::<String>(), probe::<PathBuf>(), probe::<Secret>()],
            [const { ValueType::Text }; 3]
        );
        assert_eq!(probe::<Email>(), ValueType::Text);
        assert_eq!(probe::<url::Url>(), ValueType::Url);
        assert_eq!(probe::<IpAddr>().to_string(), "IP address");
        assert_eq!(probe::<SocketAddr>().to_string(), "socket address");
    }

    #[test]
    fn enums_and_lists_tell_what_is_in_them() {
        let mode = ValueType::Enum(vec!["read-only", "read-write", "rw"]);

        assert_eq!(probe::<Mode>(), mode);
        assert_eq!(probe::<BTreeSet<u8>>().to_string(), "list of integer");
        assert_eq!(probe::<Vec<Mode>>(), ValueType::list(mode, false));
        assert_eq!(
            probe::<Option<Region>>().to_string(),
            "one of eu, elsewhere or any other word"
        );
    }
}
