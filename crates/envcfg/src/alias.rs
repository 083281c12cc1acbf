/// A name that a variable had before.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    pub(crate) name: &'static str,
    pub(crate) since: Option<&'static str>,
    pub(crate) until: Option<&'static str>,
}

impl Alias {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            since: None,
            until: None,
        }
    }

    /// The version that gave the variable its new name.
    #[must_use]
    pub const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    /// The version that no longer reads the old name.
    #[must_use]
    pub const fn until(mut self, version: &'static str) -> Self {
        self.until = Some(version);
        self
    }
}
