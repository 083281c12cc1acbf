use groundcrew_base::{MASK, redact};

#[cfg(feature = "preflight")]
use crate::part::Place;
use crate::{Condition, Config, Field, FieldSpec, OldName, RequiredIf};

/// Collects the [`FieldSpec`]s of a configuration and of those nested in it.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Describe {
    prefix: String,
    path: String,
    fields: Vec<FieldSpec>,
    #[cfg(feature = "preflight")]
    pub(crate) places: Vec<Place>,
}

impl Describe {
    pub(crate) fn all<C: Config>() -> Vec<FieldSpec> {
        Self::below::<C>("")
    }

    pub(crate) fn below<C: Config>(prefix: &str) -> Vec<FieldSpec> {
        let mut describe = Self {
            prefix: prefix.to_owned(),
            ..Self::default()
        };
        C::describe(&mut describe, None);
        describe.fields
    }

    /// Adds a variable; `default` is its default as text, if it has one.
    pub fn field(&mut self, field: &'static Field, default: Option<String>) {
        let name = format!("{}{}", self.prefix, field.name);
        let secret = field.is_secret(&name);
        let of_profiles = field.profile_defaults.iter().map(|(_, text)| (*text).to_owned());
        let withheld = of_profiles
            .chain(default.clone())
            .filter(|text| text != MASK)
            .collect();
        let default = default.filter(|text| !secret && !text.is_empty());
        let shown = default.as_deref().map(|text| redact(text).into_owned());
        self.fields.push(FieldSpec {
            path: format!("{}{}", self.path, field.path),
            description: field.description,
            profile_defaults: profile_defaults(field, secret),
            deprecated: field.deprecated,
            required: field.required,
            required_if: field
                .conditions
                .iter()
                .map(|condition| self.required_if(condition))
                .collect(),
            group: Vec::new(),
            secret,
            file: field.pointer(&name).is_some(),
            value_type: (field.value_type)(),
            list: field.list,
            profile: field.profile,
            unit: field.unit,
            rules: (field.rules)(),
            aliases: field
                .aliases
                .iter()
                .map(|alias| OldName {
                    name: format!("{}{}", self.prefix, alias.name),
                    since: alias.since,
                    until: alias.until,
                })
                .collect(),
            default_is_masked: shown != default,
            default: shown,
            withheld,
            name,
        });
    }

    /// Adds the variables of a nested configuration.
    pub fn nested<C: Config>(&mut self, prefix: &str, path: &str, defaults: Option<&C>) {
        let outer = (self.prefix.len(), self.path.len());
        self.prefix.push_str(prefix);
        self.path.push_str(path);
        #[cfg(feature = "preflight")]
        self.places.push(Place::of::<C>(&self.path));
        self.path.push('.');
        C::describe(self, defaults);
        self.prefix.truncate(outer.0);
        self.path.truncate(outer.1);
    }

    /// Adds the variables of a group that may be absent: none of them is required by itself.
    pub fn optional<C: Config>(&mut self, prefix: &str, path: &str, defaults: Option<&C>) {
        let first = self.fields.len();
        self.nested(prefix, path, defaults);
        let group = self.fields.get_mut(first..).unwrap_or_default();
        let names: Vec<String> = group.iter().flat_map(FieldSpec::names).collect();
        for spec in group {
            if spec.required {
                spec.required = false;
                spec.required_if.push(RequiredIf::Group);
            }
            if spec.group.is_empty() {
                spec.group.clone_from(&names);
            }
        }
    }

    fn required_if(&self, condition: &Condition) -> RequiredIf {
        let prefix = if condition.own { self.prefix.as_str() } else { "" };
        let variable = format!("{prefix}{}", condition.variable);
        match condition.equals {
            Some(value) => RequiredIf::Equals {
                variable,
                value: value.to_owned(),
            },
            None => RequiredIf::Set { variable },
        }
    }
}

fn profile_defaults(field: &Field, secret: bool) -> Vec<(&'static str, String)> {
    let shown = |text: &str| match secret {
        true => MASK.to_owned(),
        false => redact(text).into_owned(),
    };
    let defaults = field.profile_defaults.iter();
    defaults.map(|(profile, text)| (*profile, shown(text))).collect()
}
