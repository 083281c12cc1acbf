use std::{borrow::Cow, fmt};

#[cfg(feature = "json")]
use crate::FieldSpec;
use crate::{Leaf, Loader, ValueType, peek::Peeked, profile_name, unique::find};

/// Says when a field becomes required: because another variable is set, or has a certain value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub(crate) variable: &'static str,
    pub(crate) equals: Option<&'static str>,
    /// The value is the name of a profile that has other names too.
    pub(crate) has_names: bool,
    /// The variable is a field of the same struct: outer prefixes stand before its names too.
    pub(crate) own: bool,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) file: Option<&'static str>,
    pub(crate) default: Assumed,
}

/// The default of a variable for all profiles, if the structs around it give no other.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "built by generated code")]
pub enum Assumed {
    /// Not known before the program runs.
    Unknown,
    Nothing,
    Text(&'static str),
}

impl Condition {
    #[must_use]
    pub const fn set(variable: &'static str) -> Self {
        Self {
            variable,
            equals: None,
            has_names: false,
            own: false,
            aliases: &[],
            file: None,
            default: Assumed::Unknown,
        }
    }

    #[must_use]
    pub const fn equals(variable: &'static str, value: &'static str) -> Self {
        let mut condition = Self::set(variable);
        condition.equals = Some(value);
        condition.has_names = profile_name::has_short(value);
        condition
    }

    /// Says that the variable belongs to the same struct, by which deprecated names it is read and what holds
    /// when it is not set.
    #[must_use]
    pub const fn own(mut self, aliases: &'static [&'static str], default: Assumed) -> Self {
        self.own = true;
        self.aliases = aliases;
        self.default = default;
        self
    }

    /// Says that the variable `pointer` of the same struct may name a file with the value.
    #[must_use]
    pub const fn file(mut self, pointer: &'static str) -> Self {
        self.file = Some(pointer);
        self
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.equals {
            Some(value) => write!(f, "{} is {value}", self.variable),
            None => write!(f, "{} is set", self.variable),
        }
    }
}

impl Loader<'_> {
    /// Whether the condition holds, whatever its field has: by any name of the variable, by a file, by a default.
    pub(crate) fn holds(&self, condition: &Condition) -> bool {
        let variable = self.variable_of(condition);
        let Some(wanted) = condition.equals else {
            return self.is_set(&variable) || {
                let (aliases, file) = self.other_names(condition, &variable);
                aliases.iter().chain(&file).any(|name| self.is_set(name))
            };
        };
        let (aliases, file) = self.other_names(condition, &variable);
        match self.peek([Cow::Borrowed(&*variable)].into_iter().chain(aliases), file) {
            Peeked::Text(text) => self.is_wanted(condition, &variable, &text, wanted),
            Peeked::Unset => self
                .default_of(condition, &variable)
                .is_some_and(|text| self.is_wanted(condition, &variable, &text, wanted)),
            Peeked::Unreadable => false,
        }
    }

    /// Whether this text of the variable is the value that the condition asks for, also by another name of a profile.
    fn is_wanted(&self, condition: &Condition, variable: &str, text: &str, wanted: &str) -> bool {
        let is_profile = || {
            let field = find(self.tree, variable, false);
            field.is_none_or(|(field, _)| field.profile || is_enum(&(field.value_type)()))
        };
        same(text, wanted) || (condition.has_names && profile_name::is(text, wanted) && is_profile())
    }

    /// The condition as the operator has to read it, with the prefixes that its variable has here.
    pub(crate) fn named(&self, condition: &Condition) -> String {
        let name = self.variable_of(condition);
        match condition.equals {
            Some(value) => format!("{name} is {value}"),
            None => format!("{name} is set"),
        }
    }

    fn variable_of(&self, condition: &Condition) -> Cow<'static, str> {
        match condition.own {
            true => self.variable(condition.variable),
            false => Cow::Borrowed(condition.variable),
        }
    }

    /// The deprecated names of the variable and the one that names a file, with every prefix.
    fn other_names(&self, condition: &Condition, variable: &str) -> OtherNames {
        if condition.own {
            let aliases = condition.aliases.iter().map(|alias| self.variable(alias));
            let points = || {
                let field = find(self.tree, variable, false);
                field.is_none_or(|(field, _)| field.pointer(variable).is_some())
            };
            let file = condition.file.filter(|_| self.prefix.is_empty() || points());
            return (aliases.collect(), file.map(|file| self.variable(file)));
        }
        let Some((field, _)) = find(self.tree, variable, false) else {
            return (Vec::new(), None);
        };
        let prefix = variable.strip_suffix(field.name).unwrap_or_default();
        let full = |name: &str| Cow::Owned(format!("{prefix}{name}"));
        let aliases = field.aliases.iter().map(|alias| full(alias.name));
        (aliases.collect(), field.pointer(variable).map(full))
    }

    /// What the variable has that is not set: the default of the profile before that for all.
    fn default_of(&self, condition: &Condition, variable: &str) -> Option<String> {
        let found = find(self.tree, variable, false);
        if let Some(text) = found.and_then(|(field, _)| self.profile_default(field)) {
            return Some(text.to_owned());
        }
        let is_given = found.is_some_and(|(_, given)| given);
        match condition.default {
            Assumed::Nothing if !is_given => None,
            Assumed::Text(text) if !is_given => Some(text.to_owned()),
            _ => {
                let schema = (self.schema)();
                schema.into_iter().find(|spec| spec.name == variable)?.default
            }
        }
    }
}

/// Deprecated names, and the one that names a file.
type OtherNames = (Vec<Cow<'static, str>>, Option<Cow<'static, str>>);

/// The texts that are the value `wanted` to a condition on this variable; `None` is one that no field reads.
#[cfg(feature = "json")]
pub(crate) fn names<'w>(variable: Option<&FieldSpec>, wanted: &'w str) -> Vec<&'w str> {
    let is_profile = variable.is_none_or(|spec| spec.profile || is_enum(&spec.value_type));
    let names = profile_name::all(wanted);
    names.take(if is_profile { usize::MAX } else { 1 }).collect()
}

/// Whether a variable with this text has the value `wanted`: upper or lower case alike, and `1` is `true`.
pub(crate) fn same(text: &str, wanted: &str) -> bool {
    let flag = |text| Leaf { text, unit: None }.boolean().ok();
    text.trim().eq_ignore_ascii_case(wanted) || (flag(wanted).is_some() && flag(text) == flag(wanted))
}

/// An enum that takes no short name makes a problem of its own of one.
const fn is_enum(value_type: &ValueType) -> bool {
    matches!(value_type, ValueType::Enum(_))
}
