use std::borrow::Cow;

use crate::{
    Field, Found, Glance, Loader, Raw, Variable, Warning, peek::Peeked, profile_name, variable::Seen,
};

/// Looks variables up, by every name and for every reason why one may be needed.
impl<'s> Loader<'s> {
    /// Looks the field up by its name, its deprecated names and its file, and takes the default of the profile
    /// if none is set.
    pub fn look(&mut self, field: &'static Field) -> Found<'s> {
        if self.keep_origins || field.deprecated.is_some() {
            return self.look_closely(field);
        }
        match self.source.glance(&self.variable(field.name)) {
            Glance::Odd => self.look_closely(field),
            _ if self.has_other_name(field) => self.look_closely(field),
            Glance::Text(text) => Found::Text(Raw::by_name(text)),
            Glance::Unset if field.has_more_to_say() => self.unset(field),
            Glance::Unset => Found::Unset,
        }
    }

    fn has_other_name(&self, field: &'static Field) -> bool {
        let is_set = |name| !matches!(self.source.glance(&self.variable(name)), Glance::Unset);
        field
            .file
            .is_some_and(|file| is_set(file) && self.has_pointer(field))
            || field.aliases.iter().any(|alias| is_set(alias.name))
    }

    #[inline(never)]
    fn look_closely(&mut self, field: &'static Field) -> Found<'s> {
        let mut seen = self.read(field, field.name);
        if field.has_other_names() {
            self.by_other_names(field, &mut seen);
        }
        match seen {
            Seen::Text(variable) => {
                self.note(field, &variable);
                Found::Text(variable.into())
            }
            Seen::Unset if field.has_more_to_say() => self.unset(field),
            Seen::Unset => Found::Unset,
            Seen::Failed => Found::Failed,
        }
    }

    /// Learns the profile from the field that holds it, unless an outer struct has said it already; `default` gives
    /// its default as a text.
    pub fn learn_profile(
        &mut self,
        field: &'static Field,
        default: impl FnOnce() -> Option<Cow<'static, str>>,
    ) {
        if self.profile.is_some() {
            return;
        }
        let aliases = field.aliases.iter().map(|alias| alias.name);
        let names = [field.name].into_iter().chain(aliases);
        let file = self.pointer(field).map(|file| self.variable(file));
        self.profile = match self.peek(names.map(|name| self.variable(name)), file) {
            Peeked::Text(text) => Some(Cow::Owned(text)),
            Peeked::Unset => default().filter(|text| !text.is_empty()),
            Peeked::Unreadable => None,
        };
    }

    pub(crate) fn is_set_by_any_name(&self, field: &Field) -> bool {
        let aliases = field.aliases.iter().map(|alias| alias.name);
        [field.name]
            .into_iter()
            .chain(aliases)
            .any(|name| self.is_set(&self.variable(name)))
            || field
                .file
                .is_some_and(|file| self.is_set(&self.variable(file)) && self.has_pointer(field))
    }

    /// The variable, without the prefix, that may name a file with the value.
    fn pointer(&self, field: &Field) -> Option<&'static str> {
        field.file.filter(|_| self.has_pointer(field))
    }

    /// Whether what may name a file with the value does so under the prefix that stands before the field here.
    #[inline]
    pub(crate) fn has_pointer(&self, field: &Field) -> bool {
        self.prefix.is_empty() || field.pointer(&self.variable(field.name)).is_some()
    }

    fn note(&mut self, field: &'static Field, found: &Variable) {
        if self.keep_origins {
            let name = self.variable(field.name);
            self.origins.push((name, found.origin.clone()));
        }
        if let Some(note) = field.deprecated {
            self.warnings.push(Warning::Obsolete {
                variable: found.name.clone().into_owned(),
                note,
            });
        }
    }

    fn unset(&mut self, field: &'static Field) -> Found<'s> {
        if let Some(condition) = field.conditions.iter().find(|condition| self.holds(condition)) {
            self.missing_because(field, &format!("required because {}", self.named(condition)));
            return Found::Failed;
        }
        match self.profile_default(field) {
            Some(text) => Found::Text(Raw::default(text)),
            None => Found::Unset,
        }
    }

    pub(crate) fn profile_default(&self, field: &'static Field) -> Option<&'static str> {
        let profile = self.profile.as_deref()?;
        let mut defaults = field.profile_defaults.iter();
        defaults
            .find(|(named, _)| profile_name::is(profile, named))
            .map(|(_, text)| *text)
    }
}
