use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fmt,
    marker::PhantomData,
    rc::Rc,
    sync::Arc,
};

use groundcrew_base::Secret;
use zeroize::Zeroize;

/// Tells at compile time whether a type is a [`Secret`] or holds one, also through an alias.
///
/// `<Probe<T>>::SECRET` is the inherent constant where its bound holds, else that of [`NotSecret`].
#[doc(hidden)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: HoldsSecret + ?Sized> Probe<T> {
    pub const SECRET: bool = true;
}

#[doc(hidden)]
pub trait NotSecret {
    const SECRET: bool = false;
}

impl<T: ?Sized> NotSecret for Probe<T> {}

/// A secret, or what has one in it.
#[doc(hidden)]
pub trait HoldsSecret {}

impl<T: Zeroize> HoldsSecret for Secret<T> {}

macro_rules! holders {
    ($([$($parameters:tt)*] $holder:ty)*) => {
        $(impl<$($parameters)*> HoldsSecret for $holder {})*
    };
}

holders! {
    [T: HoldsSecret + ?Sized] Box<T>
    [T: HoldsSecret + ?Sized] Rc<T>
    [T: HoldsSecret + ?Sized] Arc<T>
    [T: HoldsSecret] Option<T>
    [T: HoldsSecret] [T]
    [T: HoldsSecret, const N: usize] [T; N]
    [T: HoldsSecret] Vec<T>
    [T: HoldsSecret] VecDeque<T>
    [T: HoldsSecret] BTreeSet<T>
    [T: HoldsSecret, S] HashSet<T, S>
    [K, T: HoldsSecret] BTreeMap<K, T>
    [K, T: HoldsSecret, S] HashMap<K, T, S>
}

/// Gives the texts of secrets to those who look for them in words that must not hold them.
#[doc(hidden)]
pub trait ExposesText: HoldsSecret {
    fn expose_to(&self, texts: &mut Vec<String>);
}

impl<T: Zeroize + AsRef<[u8]>> ExposesText for Secret<T> {
    fn expose_to(&self, texts: &mut Vec<String>) {
        texts.extend(str::from_utf8(self.expose().as_ref()).map(str::to_owned));
    }
}

macro_rules! exposers {
    ($($each:ident: $([$($parameters:tt)*] $holder:ty),*;)*) => {$(
        $(impl<$($parameters)*> ExposesText for $holder {
            fn expose_to(&self, texts: &mut Vec<String>) {
                self.$each().for_each(|secret| secret.expose_to(texts));
            }
        })*
    )*};
}

exposers! {
    iter: [T: ExposesText] Option<T>, [T: ExposesText] [T], [T: ExposesText, const N: usize] [T; N],
        [T: ExposesText] Vec<T>, [T: ExposesText] VecDeque<T>, [T: ExposesText] BTreeSet<T>,
        [T: ExposesText, S] HashSet<T, S>;
    values: [K, T: ExposesText] BTreeMap<K, T>, [K, T: ExposesText, S] HashMap<K, T, S>;
}

macro_rules! pointers {
    ($($pointer:ident)*) => {
        $(impl<T: ExposesText + ?Sized> ExposesText for $pointer<T> {
            fn expose_to(&self, texts: &mut Vec<String>) {
                (**self).expose_to(texts);
            }
        })*
    };
}

pointers! { Box Rc Arc }

impl<T: ?Sized> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Key = Secret<Vec<u8>>;
    type Keys = Option<Vec<Key>>;

    macro_rules! answers {
        ($($ty:ty),* $(,)?) => {
            [$((stringify!($ty), <Probe<$ty>>::SECRET)),*]
        };
    }

    #[test]
    fn a_secret_is_found_in_whatever_holds_it() {
        let secret = answers![
            Secret, Key, Secret<[u8; 4]>, Option<Secret>, Box<Secret>, Arc<Key>, Rc<Secret>, Keys, Option<Vec<Secret>>,
            Vec<Option<Key>>, Box<[Secret]>, [Secret; 2], HashSet<Key>, BTreeSet<Key>, HashMap<String, Secret>,
            BTreeMap<u8, Vec<Key>>, Option<Box<HashMap<String, Keys>>>,
        ];
        let plain = answers![String, Vec<u8>, Option<String>, HashMap<String, u8>, Box<str>, [u8; 4], str];

        assert_eq!(secret.iter().find(|(_, is_secret)| !is_secret), None);
        assert_eq!(plain.iter().find(|(_, is_secret)| *is_secret), None);
    }
}
