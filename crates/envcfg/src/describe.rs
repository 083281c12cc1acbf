use crate::{Config, Field, FieldSpec};

/// Collects the [`FieldSpec`]s of a configuration and of those nested in it.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Describe {
    prefix: String,
    path: String,
    fields: Vec<FieldSpec>,
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
        let default = default.filter(|text| !secret && !text.is_empty());
        self.fields.push(FieldSpec {
            path: format!("{}{}", self.path, field.path),
            description: field.description,
            required: field.required,
            required_if: field.conditions.iter().map(ToString::to_string).collect(),
            secret,
            file: field.file,
            list: field.list,
            unit: field.unit,
            rules: (field.rules)(),
            aliases: field
                .aliases
                .iter()
                .map(|alias| format!("{}{alias}", self.prefix))
                .collect(),
            default: default.map(|text| groundcrew_base::redact(&text).into_owned()),
            name,
        });
    }

    /// Adds the variables of a nested configuration.
    pub fn nested<C: Config>(&mut self, prefix: &str, path: &str, defaults: Option<&C>) {
        let outer = (self.prefix.len(), self.path.len());
        self.prefix.push_str(prefix);
        self.path.push_str(path);
        self.path.push('.');
        C::describe(self, defaults);
        self.prefix.truncate(outer.0);
        self.path.truncate(outer.1);
    }

    /// Adds the variables of a group that may be absent: none of them is required by itself.
    pub fn optional<C: Config>(&mut self, prefix: &str, path: &str, defaults: Option<&C>) {
        let first = self.fields.len();
        self.nested(prefix, path, defaults);
        for spec in self.fields.iter_mut().skip(first).filter(|spec| spec.required) {
            spec.required = false;
            spec.required_if.push(String::from("another of its group is set"));
        }
    }
}
