use std::{fmt, marker::PhantomData};

use groundcrew_base::Secret;

/// Tells at compile time whether a type is a [`Secret`], also through an alias.
///
/// `<Probe<T>>::SECRET` is the inherent constant where one exists, else that of [`NotSecret`].
#[doc(hidden)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl Probe<Secret> {
    pub const SECRET: bool = true;
}

impl Probe<Option<Secret>> {
    pub const SECRET: bool = true;
}

impl Probe<Vec<Secret>> {
    pub const SECRET: bool = true;
}

#[doc(hidden)]
pub trait NotSecret {
    const SECRET: bool = false;
}

impl<T: ?Sized> NotSecret for Probe<T> {}
