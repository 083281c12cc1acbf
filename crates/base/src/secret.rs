use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::MASK;

/// Holds a value that must not be seen: a password, a token, a key.
///
/// `Debug`, `Display` and `Serialize` give a fixed mask, whatever the value. Equality takes the same
/// time for every pair of equal length. The memory is overwritten when the secret is dropped; copies that were
/// made of [`Self::expose`] are the caller's.
///
/// `T` is anything that can be overwritten: `String`, `Vec<u8>`, an array, a type of your own with
/// [`zeroize::Zeroize`](https://docs.rs/zeroize). Clones are secrets of their own.
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
///
/// let password = Secret::new(String::from("hunter2"));
/// assert_eq!(format!("{password} {password:?}"), "*** Secret(***)");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize = String>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Makes a secret from this one, such as the bytes that its text encodes.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_base::Secret;
    ///
    /// let key = Secret::from("6b6579").map(|hex| hex.as_bytes().to_vec());
    /// assert_eq!(format!("{key:?}"), "Secret(***)");
    /// assert_eq!(key, Secret::from(b"6b6579".to_vec()));
    /// ```
    #[must_use]
    pub fn map<U: Zeroize>(&self, f: impl FnOnce(&T) -> U) -> Secret<U> {
        Secret(f(&self.0))
    }

    /// Shows the value. Every call is a place to look at in a review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<Vec<u8>> for Secret<Vec<u8>> {
    fn from(value: Vec<u8>) -> Self {
        Self(value)
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(MASK)
    }
}

impl<T: Zeroize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    /// Keeps what is left of its bytes after it is gone.
    struct Witness {
        bytes: Vec<u8>,
        left: Rc<RefCell<Vec<u8>>>,
    }

    impl Zeroize for Witness {
        fn zeroize(&mut self) {
            self.bytes.as_mut_slice().zeroize();
            self.left.borrow_mut().clone_from(&self.bytes);
        }
    }

    #[test]
    fn the_value_is_overwritten_when_the_secret_goes() {
        let left = Rc::new(RefCell::new(b"untouched".to_vec()));
        let bytes = b"hunter2".to_vec();
        let secret = Secret::new(Witness {
            bytes,
            left: Rc::clone(&left),
        });

        assert_eq!(*left.borrow(), b"untouched");
        drop(secret);
        assert_eq!(*left.borrow(), [0; 7]);
    }

    #[test]
    fn bytes_and_arrays_are_kept_like_text() {
        let bytes = Secret::from(b"hunter2".to_vec());
        let array = Secret::new([104_u8, 117]);

        assert_eq!(
            format!(
                "{bytes} {bytes:?} {array:?} {}",
                serde_json::to_string(&bytes).unwrap()
            ),
            "*** Secret(***) Secret(***) \"***\""
        );
        assert_eq!(
            bytes,
            Secret::from("hunter2").map(|text| text.clone().into_bytes())
        );
        assert_ne!(array, Secret::new([104, 118]));
        assert_eq!(bytes.expose(), b"hunter2");
    }

    #[test]
    fn no_output_holds_the_value() {
        let secret = Secret::from("correct horse");

        let shown = format!(
            "{secret} {secret:?} {secret:#?} {}",
            serde_json::to_string(&secret).unwrap()
        );

        assert_eq!(shown, "*** Secret(***) Secret(***) \"***\"");
    }

    #[test]
    fn equality_is_by_value() {
        assert_eq!(Secret::from("a"), Secret::from("a"));
        assert_ne!(Secret::from("a"), Secret::from("b"));
        assert_ne!(Secret::from("a"), Secret::from("aa"));
    }

    #[test]
    fn deserialises_from_a_plain_string() {
        let secret: Secret = serde_json::from_str("\"token\"").unwrap();

        assert_eq!(secret.expose(), "token");
    }
}
