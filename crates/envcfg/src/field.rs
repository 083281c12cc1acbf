use groundcrew_base::looks_secret;

use crate::{Alias, Condition, Rule, ValueType};

/// What the derive knows about one variable at compile time.
#[doc(hidden)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one variable"
)]
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) description: &'static str,
    pub(crate) unit: Option<&'static str>,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) public: bool,
    pub(crate) profile: bool,
    pub(crate) file: Option<&'static str>,
    /// The file is only for a secret, which this is by nothing but its name.
    pub(crate) file_by_name: bool,
    pub(crate) list: bool,
    pub(crate) aliases: &'static [Alias],
    pub(crate) deprecated: Option<&'static str>,
    pub(crate) profile_defaults: &'static [(&'static str, &'static str)],
    pub(crate) conditions: &'static [Condition],
    pub(crate) rules: fn() -> Vec<Rule>,
    pub(crate) value_type: fn() -> ValueType,
}

impl Field {
    #[must_use]
    pub const fn new(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            description: "",
            unit: None,
            required: false,
            secret: false,
            public: false,
            profile: false,
            file: None,
            file_by_name: false,
            list: false,
            aliases: &[],
            deprecated: None,
            profile_defaults: &[],
            conditions: &[],
            rules: Vec::new,
            value_type: || ValueType::Text,
        }
    }

    #[must_use]
    pub const fn description(mut self, text: &'static str) -> Self {
        self.description = text;
        self
    }

    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Marks the value as secret by its type or by an attribute.
    #[must_use]
    pub const fn secret(mut self, secret: bool) -> Self {
        self.secret = secret;
        self
    }

    /// Says that the name looks secret but the value is not.
    #[must_use]
    pub const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Says that the value is the profile.
    #[must_use]
    pub const fn profile(mut self) -> Self {
        self.profile = true;
        self
    }

    /// Lets the variable `pointer` name a file with the value.
    #[must_use]
    pub const fn file(mut self, pointer: &'static str) -> Self {
        self.file = Some(pointer);
        self
    }

    /// Lets it do so where the name is that of a secret with every prefix, too.
    #[must_use]
    pub const fn file_of_secret(mut self, pointer: &'static str) -> Self {
        self.file_by_name = true;
        self.file(pointer)
    }

    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    #[must_use]
    pub const fn aliases(mut self, names: &'static [Alias]) -> Self {
        self.aliases = names;
        self
    }

    /// Warns whoever still sets the variable, in these words.
    #[must_use]
    pub const fn deprecated(mut self, note: &'static str) -> Self {
        self.deprecated = Some(note);
        self
    }

    /// The defaults that only some profiles have, each as it would be written in the environment.
    #[must_use]
    pub const fn profile_defaults(mut self, defaults: &'static [(&'static str, &'static str)]) -> Self {
        self.profile_defaults = defaults;
        self
    }

    #[must_use]
    pub const fn required_if(mut self, conditions: &'static [Condition]) -> Self {
        self.conditions = conditions;
        self
    }

    #[must_use]
    pub const fn rules(mut self, rules: fn() -> Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }

    /// Says what the text is read as; asked by documents only.
    #[must_use]
    pub const fn value_type(mut self, value_type: fn() -> ValueType) -> Self {
        self.value_type = value_type;
        self
    }

    pub(crate) const fn has_other_names(&self) -> bool {
        self.file.is_some() || !self.aliases.is_empty()
    }

    /// Whether anything but a plain default follows when the variable is not set.
    pub(crate) const fn has_more_to_say(&self) -> bool {
        !self.conditions.is_empty() || !self.profile_defaults.is_empty()
    }

    /// Whether its type or an attribute says that it is a secret.
    #[must_use]
    pub const fn is_marked_secret(&self) -> bool {
        self.secret
    }

    /// The variable, without prefixes, that may name a file with the value of this one, which has every prefix.
    pub(crate) fn pointer(&self, variable: &str) -> Option<&'static str> {
        self.file
            .filter(|_| !self.file_by_name || self.is_secret(variable))
    }

    pub(crate) fn is_secret(&self, variable: &str) -> bool {
        self.secret || (!self.public && looks_secret(variable))
    }
}
