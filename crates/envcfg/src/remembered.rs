use std::{cell::RefCell, collections::BTreeMap, mem, path::PathBuf};

use zeroize::Zeroize;

use crate::{EnvSource, NameFilter, Problem, Value, Warning};

/// A source that may change its mind, with what it said: a report must know the secrets that the load has taken, not
/// those that are there by now.
struct Remembered<'s> {
    source: &'s dyn EnvSource,
    /// What is not set is remembered too.
    values: RefCell<BTreeMap<String, Option<Value>>>,
}

/// `source` as it is for one load: asked for one variable again, it gives the same value.
pub(crate) fn at_once<'s>(
    source: &'s (dyn EnvSource + 's),
    names: &'s NameFilter,
) -> Box<dyn EnvSource + 's> {
    source.at_once(names).unwrap_or_else(|| {
        Box::new(Remembered {
            source,
            values: RefCell::default(),
        })
    })
}

/// Any of the values may be a secret.
impl Drop for Remembered<'_> {
    fn drop(&mut self) {
        for value in mem::take(self.values.get_mut()).into_values().flatten() {
            value.into_parts().0.into_encoded_bytes().zeroize();
        }
    }
}

impl EnvSource for Remembered<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.values.borrow().get(name) {
            return value.clone();
        }
        let value = self.source.lookup(name);
        self.values.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }

    fn names(&self) -> Vec<String> {
        self.source.names()
    }

    fn problems(&self) -> Vec<Problem> {
        self.source.problems()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.source.warnings()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.source.files()
    }
}
