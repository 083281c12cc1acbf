use std::borrow::Cow;

use crate::{
    Condition, Field, Found, Loader, Origin, Raw, Warning,
    condition::{self, Assumed},
    profile_name,
};

/// Looks variables up, by every name and for every reason why one may be needed.
impl Loader<'_> {
    /// Looks the field up by its name, its deprecated names and its file, and takes the default of the profile
    /// if none is set.
    pub fn look(&mut self, field: &'static Field) -> Found {
        let mut found = self.read(field, field.name);
        if field.has_other_names() {
            self.by_other_names(field, &mut found);
        }
        match &found {
            Found::Text(raw) if self.keep_origins || field.deprecated.is_some() => self.note(field, raw),
            Found::Unset if field.has_more_to_say() => return self.unset(field),
            _ => {}
        }
        found
    }

    /// Learns the profile from the field that holds it, unless an outer struct has said it already.
    pub fn learn_profile(&mut self, field: &'static Field, default: Option<&'static str>) {
        if self.profile.is_some() {
            return;
        }
        let names = [field.name]
            .into_iter()
            .chain(field.aliases.iter().map(|alias| alias.name));
        let set = names
            .map(|name| self.variable(name))
            .find_map(|name| self.text(&name));
        self.profile = set.map(Cow::Owned).or_else(|| default.map(Cow::Borrowed));
    }

    /// Learns the profile as a load of the whole `C` does.
    #[cfg(feature = "preflight")]
    pub(crate) fn learn_from<C: crate::Config>(&mut self) {
        let mut whole = Self::new::<C>(self.source, false);
        drop(C::load_with(&mut whole, None));
        self.profile = whole.profile;
    }

    /// The text of a default, as if it had been set.
    pub(crate) fn assumed(&self, field: &'static Field, text: &str) -> Raw {
        Raw {
            variable: self.variable(field.name),
            text: text.to_owned(),
            origin: Origin::Default,
        }
    }

    pub(crate) fn is_set_by_any_name(&self, field: &Field) -> bool {
        let aliases = field.aliases.iter().map(|alias| alias.name);
        [field.name]
            .into_iter()
            .chain(aliases)
            .any(|name| self.is_set(&self.variable(name)))
            || field
                .file
                .is_some_and(|pointer| self.is_set(&self.variable(pointer)))
    }

    fn note(&mut self, field: &'static Field, raw: &Raw) {
        if self.keep_origins {
            let name = self.variable(field.name);
            self.origins.push((name, raw.origin.clone()));
        }
        if let Some(note) = field.deprecated {
            self.warnings.push(Warning::Obsolete {
                variable: raw.variable.clone().into_owned(),
                note,
            });
        }
    }

    fn unset(&mut self, field: &'static Field) -> Found {
        if let Some(condition) = field.conditions.iter().find(|condition| self.holds(condition)) {
            self.missing_because(field, &format!("required because {}", self.named(condition)));
            return Found::Failed;
        }
        match self.profile_default(field) {
            Some(text) => Found::Text(self.assumed(field, text)),
            None => Found::Unset,
        }
    }

    fn profile_default(&self, field: &'static Field) -> Option<&'static str> {
        let profile = self.profile.as_deref()?;
        let mut defaults = field.profile_defaults.iter();
        defaults
            .find(|(named, _)| profile_name::is(profile, named))
            .map(|(_, text)| *text)
    }

    fn holds(&self, condition: &Condition) -> bool {
        let names = [condition.variable]
            .into_iter()
            .chain(condition.other_names.iter().copied());
        let mut names = names.map(|name| self.of_condition(condition, name));
        match condition.equals {
            None => names.any(|name| self.is_set(&name)),
            Some(wanted) => names
                .find_map(|name| self.text(&name))
                .or_else(|| self.assumed_of(condition))
                .is_some_and(|text| condition::same(&text, wanted)),
        }
    }

    /// The default of the variable that a condition is about.
    fn assumed_of(&self, condition: &Condition) -> Option<String> {
        match condition.default {
            Assumed::Nothing => None,
            Assumed::Text(text) => Some(text.to_owned()),
            Assumed::Unknown => {
                let name = self.of_condition(condition, condition.variable);
                let schema = (self.schema)();
                schema.into_iter().find(|spec| spec.name == name)?.default
            }
        }
    }

    /// The condition as the operator has to read it, with the prefixes that its variable has here.
    fn named(&self, condition: &Condition) -> String {
        let name = self.of_condition(condition, condition.variable);
        match condition.equals {
            Some(value) => format!("{name} is {value}"),
            None => format!("{name} is set"),
        }
    }

    fn of_condition(&self, condition: &Condition, name: &'static str) -> Cow<'static, str> {
        match condition.own {
            true => self.variable(name),
            false => Cow::Borrowed(name),
        }
    }

    fn text(&self, variable: &str) -> Option<String> {
        let value = self.source.lookup(variable).filter(|value| !value.is_empty())?;
        value.into_parts().0.into_string().ok()
    }

    fn is_set(&self, variable: &str) -> bool {
        self.source
            .lookup(variable)
            .is_some_and(|value| !value.is_empty())
    }
}
