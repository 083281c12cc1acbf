use std::{borrow::Cow, collections::BTreeMap, ffi::OsString, fmt};

use crate::{EnvSource, Glance, NameFilter, Origin, Value};

/// A map of variables: for tests, which may run in parallel, and for values a program has from elsewhere.
///
/// `Debug` shows the names only, because any value may be a secret.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{EnvSource, Vars};
///
/// let vars = Vars::from([("PORT", "8080")]).with("LOG_LEVEL", "debug");
/// assert_eq!(vars.names(), ["LOG_LEVEL", "PORT"]);
/// assert_eq!(format!("{vars:?}"), r#"Vars["LOG_LEVEL", "PORT"]"#);
/// ```
#[derive(Clone)]
pub struct Vars {
    origin: Origin,
    map: BTreeMap<String, OsString>,
}

impl Vars {
    /// No variable at all.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            origin: Origin::Named(Cow::Borrowed("given")),
            map: BTreeMap::new(),
        }
    }

    /// Sets `name` to `value`; a later value replaces an earlier one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.map.insert(name.into(), value.into());
        self
    }

    /// Takes `name` out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.map.remove(name);
        self
    }

    /// What reports call the place these values come from; `given` by default.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }
}

impl Default for Vars {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Into<String>, V: Into<OsString>, const N: usize> From<[(K, V); N]> for Vars {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for Vars {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs
            .into_iter()
            .fold(Self::new(), |vars, (name, value)| vars.with(name, value))
    }
}

impl EnvSource for Vars {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.map
            .get(name)
            .map(|text| Value::new(text.clone(), self.origin.clone()))
    }

    fn glance(&self, name: &str) -> Glance<'_> {
        let text = self.map.get(name);
        text.map_or(Glance::Unset, |text| Glance::bytes(text.as_encoded_bytes()))
    }

    fn at_once<'s>(&'s self, _: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        Some(Box::new(self))
    }

    fn names(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")?;
        f.debug_list().entries(self.map.keys()).finish()
    }
}
