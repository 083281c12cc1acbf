use std::{fmt, marker::PhantomData, str::FromStr};

use serde::de::DeserializeOwned;

use crate::{Leaf, LeafError, ValueType};

/// Picks how a type is read: through `serde::Deserialize` if it has it, else through `FromStr`.
///
/// `(&&Via::<T>::NEW).read(leaf)` finds the first of the two traits whose bound `T` meets.
#[doc(hidden)]
pub struct Via<T>(PhantomData<fn() -> T>);

impl<T> Via<T> {
    pub const NEW: Self = Self(PhantomData);
}

impl<T> fmt::Debug for Via<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Via")
    }
}

#[doc(hidden)]
pub trait ViaSerde<T> {
    fn read(&self, leaf: Leaf<'_>) -> Result<T, LeafError>;

    /// What the type is read from, for documents.
    fn value_type(&self) -> ValueType;
}

impl<T: DeserializeOwned> ViaSerde<T> for &Via<T> {
    fn read(&self, leaf: Leaf<'_>) -> Result<T, LeafError> {
        T::deserialize(leaf)
    }

    fn value_type(&self) -> ValueType {
        ValueType::of::<T>()
    }
}

#[doc(hidden)]
pub trait ViaFromStr<T> {
    fn read(&self, leaf: Leaf<'_>) -> Result<T, LeafError>;

    /// What the type is read from, for documents.
    fn value_type(&self) -> ValueType;
}

impl<T: FromStr<Err: fmt::Display>> ViaFromStr<T> for Via<T> {
    fn read(&self, leaf: Leaf<'_>) -> Result<T, LeafError> {
        leaf.text
            .parse()
            .map_err(|error: T::Err| LeafError::Foreign(error.to_string()))
    }

    fn value_type(&self) -> ValueType {
        ValueType::Custom { expects: None }
    }
}
