use std::{borrow::Cow, path::Path};

use groundcrew_base::redact;

use crate::{
    Alias, Field, Leaf, Loader, Origin, Problem, ProblemKind, Value, Warning, problem::Follows, shown::Shown,
    wrong_lines::WrongLines,
};

/// The text of a variable that is set, with all that a report says about it.
pub(crate) struct Variable {
    /// The name under which the text was found.
    pub(crate) name: Cow<'static, str>,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// What a close look at the source gave for one field.
pub(crate) enum Seen {
    Text(Variable),
    Unset,
    /// The problem is in the report already.
    Failed,
}

impl Variable {
    pub(crate) fn leaf(&self, field: &'static Field) -> Leaf<'_> {
        Leaf {
            text: &self.text,
            unit: field.unit,
        }
    }
}

impl Loader<'_> {
    /// Finds the field by its deprecated names and its file too; at most one may be set.
    pub(crate) fn by_other_names(&mut self, field: &'static Field, found: &mut Seen) {
        for alias in field.aliases {
            let old = self.read(field, alias.name);
            if !matches!(old, Seen::Unset) {
                *found = self.renamed(field, alias, std::mem::replace(found, Seen::Unset), old);
            }
        }
        if let Some(name) = field.file
            && (self.prefix.is_empty() || (self.is_set(&self.variable(name)) && self.has_pointer(field)))
        {
            let pointer = self.read(field, name);
            if !matches!(pointer, Seen::Unset) {
                *found = self.file(field, std::mem::replace(found, Seen::Unset), pointer);
            }
        }
    }

    fn renamed(&mut self, field: &'static Field, alias: &Alias, found: Seen, old: Seen) -> Seen {
        if let Seen::Text(old) = &old {
            self.warnings.push(Warning::Deprecated {
                variable: old.name.clone().into_owned(),
                replacement: self.variable(field.name).into_owned(),
                since: alias.since,
                until: alias.until,
            });
        }
        match (found, old) {
            (Seen::Text(new), Seen::Text(old)) if new.text != old.text && self.is_above(&old, &new) => {
                Seen::Text(old)
            }
            (Seen::Text(new), Seen::Text(old)) if new.text != old.text && !self.is_above(&new, &old) => {
                let message = format!("contradicts {}: both are set, to different values", old.name);
                self.conflict(field, new, old.name, message)
            }
            (Seen::Unset, old) => old,
            (_, Seen::Failed) => Seen::Failed,
            (found, _) => found,
        }
    }

    /// Reads one of the names of the field.
    #[inline]
    pub(crate) fn read(&mut self, field: &'static Field, name: &'static str) -> Seen {
        let variable = self.variable(name);
        match self.source.lookup(&variable) {
            Some(value) if !value.is_empty() => self.unicode(field, variable, value),
            _ => Seen::Unset,
        }
    }

    fn unicode(&mut self, field: &'static Field, variable: Cow<'static, str>, value: Value) -> Seen {
        if let Some(reason) = value.unreadable_reason() {
            let message = format!("cannot be read: {}", redact(reason));
            let mut problem = Problem::new(ProblemKind::File, variable.into_owned(), message);
            problem.origin = Some(value.origin().clone());
            if WrongLines::is_for(&value) {
                problem.follows = Follows::Line;
            }
            self.push(field, problem);
            return Seen::Failed;
        }
        let (text, origin) = value.into_parts();
        match text.into_string() {
            Ok(text) => Seen::Text(Variable {
                name: variable,
                text,
                origin,
            }),
            Err(text) => {
                let message = "expected text in Unicode (UTF-8)";
                let mut problem = Problem::new(ProblemKind::NotUnicode, variable.into_owned(), message);
                problem.shown = Some(Shown::NotUnicode { bytes: text.len() });
                problem.origin = Some(origin);
                self.push(field, problem);
                Seen::Failed
            }
        }
    }

    fn file(&mut self, field: &'static Field, found: Seen, pointer: Seen) -> Seen {
        match (found, pointer) {
            (Seen::Text(value), Seen::Text(pointer)) if self.is_above(&value, &pointer) => Seen::Text(value),
            (Seen::Text(value), Seen::Text(pointer)) if self.is_above(&pointer, &value) => {
                self.contents(field, &pointer)
            }
            (Seen::Text(value), Seen::Text(pointer)) => {
                let message = format!("contradicts {}: only one may be set", pointer.name);
                self.conflict(field, value, pointer.name, message)
            }
            (Seen::Unset, Seen::Text(pointer)) => self.contents(field, &pointer),
            _ => Seen::Failed,
        }
    }

    /// Whether `one` comes from a source above that of `other`.
    fn is_above(&self, one: &Variable, other: &Variable) -> bool {
        let layer = |raw: &Variable| self.source.lookup(&raw.name).map(|value| value.layer());
        layer(one) < layer(other)
    }

    fn contents(&mut self, field: &'static Field, pointer: &Variable) -> Seen {
        let path = Path::new(&pointer.text);
        match self.files.read(path) {
            Ok(text) if text.is_empty() => self.bad_file(field, pointer, "the file is empty"),
            Ok(text) => Seen::Text(Variable {
                name: self.variable(field.name),
                text,
                origin: Origin::SecretFile {
                    variable: pointer.name.clone().into_owned(),
                    path: path.to_owned(),
                },
            }),
            Err(reason) => self.bad_file(field, pointer, &reason),
        }
    }

    fn bad_file(&mut self, field: &'static Field, pointer: &Variable, reason: &str) -> Seen {
        let variable = pointer.name.clone().into_owned();
        let message = format!("cannot take the value from the file: {}", redact(reason));
        let mut problem = Problem::new(ProblemKind::File, variable, message);
        // Somebody may have put the secret itself where its file should be named.
        problem.shown = Some(Shown::new(&pointer.text, !names_a_file(&pointer.text)));
        problem.origin = Some(pointer.origin.clone());
        self.push(field, problem);
        Seen::Failed
    }

    fn conflict(
        &mut self,
        field: &'static Field,
        set: Variable,
        other: Cow<'static, str>,
        message: String,
    ) -> Seen {
        let mut problem = Problem::new(ProblemKind::Conflict, set.name.into_owned(), message);
        problem.other = Some(other.into_owned());
        problem.origin = Some(set.origin);
        self.push(field, problem);
        Seen::Failed
    }
}

/// Whether `text` is a path without doubt, and not a secret that starts with a slash, as base64 may.
fn names_a_file(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    let top = || {
        text.get(1..)
            .and_then(|rest| Some(Path::new("/").join(rest.split_once('/')?.0)))
    };
    text.starts_with('/') && (text.chars().all(is_plain) || top().is_some_and(|top| top.is_dir()))
}
