use std::fmt;

/// The defaults of a field as they are, also those of a secret, so that they can be found in words that must not hold
/// them. `Debug` shows their number only.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Withheld(Vec<String>);

impl Withheld {
    #[cfg(feature = "preflight")]
    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn for_each(&self, mut see: impl FnMut(&str)) {
        for text in &self.0 {
            see(text);
        }
    }
}

impl FromIterator<String> for Withheld {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())
    }
}
