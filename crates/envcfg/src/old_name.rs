use std::fmt;

/// A deprecated name of a variable that is still read.
///
/// `Display` says since when the variable has another name and until when this one is read, as far as the author
/// says: `HTTP_PORT, since 1.4, no longer read from 2.0 on`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OldName {
    /// The name, with every prefix.
    pub name: String,
    /// The version that gave the variable its new name.
    pub since: Option<&'static str>,
    /// The version that no longer reads the old name.
    pub until: Option<&'static str>,
}

impl OldName {
    /// What `Display` says behind the name.
    pub(crate) fn times(&self) -> String {
        let since = self.since.map(|since| format!(", since {since}"));
        let until = self
            .until
            .map(|until| format!(", no longer read from {until} on"));
        [since, until].into_iter().flatten().collect()
    }
}

impl fmt::Display for OldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.times())
    }
}
