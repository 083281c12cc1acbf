use std::{fmt, time::Duration};

use groundcrew_base::format_duration;
use serde::{
    Serialize, Serializer,
    ser::{Error as SerError, Impossible, SerializeSeq, SerializeStruct},
};

use crate::{LeafError, secret_type::ExposesText};

/// Writes a default as it would stand in the environment, through `Serialize` if the type has it, else
/// through `Display`, else not at all: `(&&&DefaultText(&value)).text()`. With one more `&` it has the text of a
/// secret too, for those who keep it to themselves.
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "built by generated code")]
pub struct DefaultText<'v, T>(pub &'v T);

impl<T> fmt::Debug for DefaultText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultText")
    }
}

/// The text of a secret, which `Describe::field` keeps out of documents: every type that exposes one says that it is
/// secret, by `Probe::SECRET`.
#[doc(hidden)]
pub trait TextOfSecret {
    fn text(&self) -> Option<String>;
}

impl<T: ExposesText> TextOfSecret for &&&DefaultText<'_, T> {
    fn text(&self) -> Option<String> {
        let mut texts = Vec::new();
        self.0.expose_to(&mut texts);
        Some(texts.join(","))
    }
}

#[doc(hidden)]
pub trait TextBySerialize {
    fn text(&self) -> Option<String>;
}

impl<T: Serialize> TextBySerialize for &&DefaultText<'_, T> {
    fn text(&self) -> Option<String> {
        self.0.serialize(Text).ok()
    }
}

#[doc(hidden)]
pub trait TextByDisplay {
    fn text(&self) -> Option<String>;
}

impl<T: fmt::Display> TextByDisplay for &DefaultText<'_, T> {
    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

#[doc(hidden)]
pub trait TextUnknown {
    fn text(&self) -> Option<String>;
}

impl<T> TextUnknown for DefaultText<'_, T> {
    fn text(&self) -> Option<String> {
        None
    }
}

/// Serialises what fits one variable.
struct Text;

macro_rules! displayed {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<String, LeafError> {
            Ok(value.to_string())
        }
    )*};
}

fn unfit<T>() -> Result<T, LeafError> {
    Err(LeafError::Expected(String::from(
        "a value that fits one variable",
    )))
}

impl Serializer for Text {
    type Ok = String;
    type Error = LeafError;
    type SerializeSeq = List;
    type SerializeTuple = Impossible<String, LeafError>;
    type SerializeTupleStruct = Impossible<String, LeafError>;
    type SerializeTupleVariant = Impossible<String, LeafError>;
    type SerializeMap = Impossible<String, LeafError>;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Impossible<String, LeafError>;

    displayed! {
        serialize_bool bool
        serialize_i8 i8
        serialize_i16 i16
        serialize_i32 i32
        serialize_i64 i64
        serialize_u8 u8
        serialize_u16 u16
        serialize_u32 u32
        serialize_u64 u64
        serialize_char char
        serialize_str &str
    }

    fn serialize_f32(self, value: f32) -> Result<String, LeafError> {
        self.serialize_f64(value.into()).map(|_| value.to_string())
    }

    /// A load takes no number without end, nor what is none.
    fn serialize_f64(self, value: f64) -> Result<String, LeafError> {
        match value.is_finite() {
            true => Ok(value.to_string()),
            false => unfit(),
        }
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<String, LeafError> {
        unfit()
    }

    fn serialize_none(self) -> Result<String, LeafError> {
        Ok(String::new())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, LeafError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<String, LeafError> {
        unfit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<String, LeafError> {
        unfit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<String, LeafError> {
        Ok(name.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, LeafError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, LeafError> {
        unfit()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List, LeafError> {
        Ok(List(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, LeafError> {
        unfit()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, LeafError> {
        unfit()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, LeafError> {
        unfit()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, LeafError> {
        unfit()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, LeafError> {
        match name {
            "Duration" => Ok(Parts(Vec::new())),
            _ => unfit(),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, LeafError> {
        unfit()
    }
}

/// The elements of a list, as far as they are read back between commas as what they are.
struct List(Vec<String>);

impl SerializeSeq for List {
    type Ok = String;
    type Error = LeafError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), LeafError> {
        let text = value.serialize(Text)?;
        if text.is_empty() || text.trim() != text || text.contains(',') {
            return unfit();
        }
        self.0.push(text);
        Ok(())
    }

    fn end(self) -> Result<String, LeafError> {
        Ok(self.0.join(","))
    }
}

/// The seconds and nanoseconds as which serde writes a duration.
struct Parts(Vec<u64>);

impl SerializeStruct for Parts {
    type Ok = String;
    type Error = LeafError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        value: &T,
    ) -> Result<(), LeafError> {
        let text = value.serialize(Text)?;
        self.0.push(text.parse().map_err(LeafError::custom)?);
        Ok(())
    }

    fn end(self) -> Result<String, LeafError> {
        match self.0.as_slice() {
            &[seconds, nanos] => {
                let nanos = Duration::from_nanos(nanos);
                Ok(format_duration(Duration::from_secs(seconds) + nanos))
            }
            _ => unfit(),
        }
    }
}
