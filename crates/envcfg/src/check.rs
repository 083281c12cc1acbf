//! The rules that need nothing but std and base; generated code calls them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
};

use groundcrew_base::Secret;

/// Whether `value` is within the given bounds. What cannot be compared, such as NaN, is not.
pub fn in_range<T: PartialOrd>(
    value: &T,
    min: Option<&T>,
    max: Option<&T>,
    above: Option<&T>,
    below: Option<&T>,
) -> bool {
    min.is_none_or(|min| value >= min)
        && max.is_none_or(|max| value <= max)
        && above.is_none_or(|above| value > above)
        && below.is_none_or(|below| value < below)
}

/// Whether `length` is within the given bounds.
#[must_use]
pub fn has_length(length: usize, min: Option<u64>, max: Option<u64>, equal: Option<u64>) -> bool {
    let length = length as u64;
    min.is_none_or(|min| length >= min)
        && max.is_none_or(|max| length <= max)
        && equal.is_none_or(|equal| length == equal)
}

/// Whether a text may hold so many bits of randomness.
#[must_use]
pub fn has_bits(text: &str, bits: u32) -> bool {
    groundcrew_base::estimated_bits(text) >= f64::from(bits)
}

/// The length of a text in characters or of a collection in elements.
pub trait Length {
    /// How many there are.
    fn length(&self) -> usize;
}

impl Length for str {
    fn length(&self) -> usize {
        self.chars().count()
    }
}

impl Length for String {
    fn length(&self) -> usize {
        self.chars().count()
    }
}

impl<T: Length + ToOwned + ?Sized> Length for Cow<'_, T> {
    fn length(&self) -> usize {
        (**self).length()
    }
}

impl<T: Length + ?Sized> Length for Box<T> {
    fn length(&self) -> usize {
        (**self).length()
    }
}

macro_rules! collections {
    ($([$($parameter:ident),*] $type:ty)*) => {$(
        impl<$($parameter),*> Length for $type {
            fn length(&self) -> usize {
                self.len()
            }
        }
    )*};
}

collections! {
    [T] [T]
    [T] Vec<T>
    [T] VecDeque<T>
    [T] BTreeSet<T>
    [T, S] HashSet<T, S>
    [K, V] BTreeMap<K, V>
    [K, V, S] HashMap<K, V, S>
}

/// A value on its way to its rules: `(&Expose(value)).value()` is what a [`Secret`] holds, else the value itself.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "built by generated code")]
pub struct Expose<'a, T: ?Sized>(pub &'a T);

/// Finds the text of a [`Secret`].
pub trait ExposeSecret<'a> {
    /// The text.
    fn value(&self) -> &'a String;
}

impl<'a> ExposeSecret<'a> for Expose<'a, Secret> {
    fn value(&self) -> &'a String {
        self.0.expose()
    }
}

/// Finds any other value.
pub trait ExposePlain<'a, T: ?Sized> {
    /// The value.
    fn value(&self) -> &'a T;
}

impl<'a, T: ?Sized> ExposePlain<'a, T> for &Expose<'a, T> {
    fn value(&self) -> &'a T {
        self.0
    }
}

/// What a type's own `Validate` says, without the values in it and in the same order on every run.
#[cfg(feature = "validator")]
#[must_use]
pub fn nested_message(errors: &validator::ValidationErrors) -> String {
    let mut messages = Vec::new();
    collect(errors, &mut messages);
    messages.sort_unstable();
    messages.dedup();
    messages.join(", ")
}

#[cfg(feature = "validator")]
fn collect(errors: &validator::ValidationErrors, messages: &mut Vec<String>) {
    use validator::ValidationErrorsKind as Kind;

    for kind in errors.errors().values() {
        match kind {
            Kind::Field(errors) => messages.extend(errors.iter().map(|error| {
                let message = error.message.as_ref().unwrap_or(&error.code);
                message.clone().into_owned()
            })),
            Kind::Struct(errors) => collect(errors, messages),
            Kind::List(lists) => lists.values().for_each(|errors| collect(errors, messages)),
        }
    }
}
