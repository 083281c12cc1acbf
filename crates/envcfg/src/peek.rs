use std::{borrow::Cow, path::Path};

use crate::{Loader, Value};

/// What a field will have, as far as it can be told before the field is read.
#[derive(Debug)]
pub(crate) enum Peeked {
    Unset,
    Text(String),
    /// The field will have a problem.
    Unreadable,
}

impl Loader<'_> {
    /// Looks a field up as a load does, for those who ask before it is read, and says nothing about what it finds.
    ///
    /// The value in the highest source counts; in one source that of the first name. `file` is the name of the
    /// variable that may name a file with the value.
    pub(crate) fn peek<'n>(
        &self,
        names: impl Iterator<Item = Cow<'n, str>>,
        file: Option<Cow<'n, str>>,
    ) -> Peeked {
        let names = names.map(|name| (name, false));
        let mut highest: Option<(Value, bool)> = None;
        for (name, is_file) in names.chain(file.map(|name| (name, true))) {
            let Some(value) = self.source.lookup(&name).filter(|value| !value.is_empty()) else {
                continue;
            };
            let layer = value.layer();
            if highest.as_ref().is_none_or(|(other, _)| layer < other.layer()) {
                highest = Some((value, is_file));
            }
            // Nothing is above the first source.
            if layer == 0 {
                break;
            }
        }
        let Some((value, is_file)) = highest else {
            return Peeked::Unset;
        };
        if value.unreadable_reason().is_some() {
            return Peeked::Unreadable;
        }
        let text = value.into_parts().0.into_string().ok();
        let text = match is_file {
            true => text.and_then(|path| self.files.read(Path::new(&path)).ok()),
            false => text,
        };
        text.filter(|text| !is_file || !text.is_empty())
            .map_or(Peeked::Unreadable, Peeked::Text)
    }

    pub(crate) fn is_set(&self, variable: &str) -> bool {
        self.source
            .lookup(variable)
            .is_some_and(|value| !value.is_empty())
    }
}
