use groundcrew_base::looks_secret;
use proc_macro2::Span;
use syn::{
    Attribute, Expr, Field as SynField, Ident, Lit, LitStr, Meta, Type, ext::IdentExt as _, spanned::Spanned,
};

use crate::{
    alias::Alias,
    container::Container,
    default_value::DefaultValue,
    errors::Errors,
    misuse,
    rule::Rule,
    shape::{Measure, Shape, is, is_number},
    written::Written,
};

/// A field with its attributes, checked for combinations that mean nothing.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one variable"
)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) shape: Shape,
    pub(crate) description: String,
    pub(crate) role: Role,
    pub(crate) default: DefaultValue,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) public: bool,
    pub(crate) file: bool,
    pub(crate) allow_placeholder: bool,
    pub(crate) from_str: bool,
    pub(crate) unit: Option<LitStr>,
    pub(crate) profile: bool,
    pub(crate) profile_defaults: Vec<(Ident, LitStr)>,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) conditions: Vec<(Ident, Option<LitStr>)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) element_rules: Vec<Rule>,
}

pub(crate) enum Role {
    /// The name with the prefix of the struct.
    Variable(LitStr),
    Nested(String),
    Skipped,
}

impl Field {
    pub(crate) fn parse(field: &SynField, container: &Container) -> syn::Result<Self> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| syn::Error::new(field.span(), "`Config` needs fields with names"))?;
        let shape = Shape::of(&field.ty);
        let mut errors = Errors::default();
        let mut written = Written::parse(&field.attrs, &mut errors);
        misuse::check(&written, &shape, container.default, &mut errors);
        written.check_unit(shape.single(), &mut errors);
        let settled = written.settle_rules(ident.span(), &shape, container.nest_all_fields);
        errors.take(settled);
        let default = std::mem::take(&mut written.default);
        let default = default.settled(Measure::of(shape.single()), written.unit.as_ref());
        let default = errors.take(default).unwrap_or_default();
        errors.finish()?;
        let role = role(&written, &ident, &container.prefix);
        Ok(Self::new(field, ident, shape, role, default, written))
    }

    fn new(
        field: &SynField,
        ident: Ident,
        shape: Shape,
        role: Role,
        default: DefaultValue,
        written: Written,
    ) -> Self {
        Self {
            ident,
            ty: field.ty.clone(),
            shape,
            description: description(&field.attrs),
            role,
            default,
            required: written.has("required"),
            secret: written.has("secret"),
            public: written.has("public"),
            file: written.has("file"),
            allow_placeholder: written.has("allow_placeholder"),
            from_str: written.has("from_str"),
            profile: written.has("profile"),
            unit: written.unit,
            profile_defaults: written.profile_defaults,
            deprecated: written.deprecated,
            aliases: written.aliases,
            conditions: written.conditions,
            rules: written.rules,
            element_rules: written.element_rules,
        }
    }

    /// The name of the field as people write it: `type` for `r#type`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The measure of what a single value is: the element of a list, else the field without `Option`.
    pub(crate) fn measure(&self) -> Measure {
        Measure::of(self.shape.single())
    }

    pub(crate) fn unit_text(&self) -> Option<String> {
        self.unit.as_ref().map(LitStr::value)
    }

    /// The variable that may name a file with the value.
    ///
    /// That of a text whose name is that of a secret is read only where the name is so with every prefix, too.
    pub(crate) fn pointer(&self) -> Option<String> {
        let Role::Variable(name) = &self.role else {
            return None;
        };
        let by_name = self.is_secret_by_name() && !self.is_count();
        (by_name || self.has_file()).then(|| format!("{}_FILE", name.value()))
    }

    /// Whether a variable may name a file with the value whatever it is called.
    pub(crate) const fn has_file(&self) -> bool {
        self.file || self.secret || self.shape.secret
    }

    /// Whether the name, with the prefix of the struct, is that of a secret.
    pub(crate) fn is_secret_by_name(&self) -> bool {
        matches!(&self.role, Role::Variable(name) if !self.public && looks_secret(&name.value()))
    }

    /// Whether a prefix that an outer struct sets before the name may make it that of a secret.
    pub(crate) fn may_become_secret(&self) -> bool {
        let Role::Variable(name) = &self.role else {
            return false;
        };
        let name = name.value();
        let is_secret_behind = |prefix: &&str| looks_secret(&format!("{prefix}{name}"));
        !self.public && TELLING_PREFIXES.iter().any(is_secret_behind)
    }

    /// Whether the value counts or measures something; nobody keeps such a secret in a file.
    fn is_count(&self) -> bool {
        let ty = self.shape.single();
        is_number(ty) || is(ty, &["bool"]) || Measure::of(ty) != Measure::None
    }

    /// Every variable that the field reads, with the prefix of the struct, and where it is written.
    pub(crate) fn variables(&self, prefix: &str) -> Vec<(String, Span)> {
        let Role::Variable(name) = &self.role else {
            return Vec::new();
        };
        let aliases = self
            .aliases
            .iter()
            .map(|alias| (format!("{prefix}{}", alias.name.value()), alias.name.span()));
        let pointer = self.pointer().map(|pointer| (pointer, name.span()));
        [(name.value(), name.span())]
            .into_iter()
            .chain(aliases)
            .chain(pointer)
            .collect()
    }
}

/// What makes a secret of every name that is not that of a mere fact about one, and what makes one of an address.
const TELLING_PREFIXES: [&str; 2] = ["SECRET_", "SLACK_WEBHOOK_"];

fn role(written: &Written, ident: &Ident, prefix: &str) -> Role {
    if written.has("skip") {
        return Role::Skipped;
    }
    if written.has("nested") {
        let own = written.prefix.as_ref().map(LitStr::value).unwrap_or_default();
        return Role::Nested(format!("{prefix}{own}"));
    }
    let name = ident.unraw().to_string().to_uppercase();
    let name = written
        .env
        .clone()
        .unwrap_or_else(|| LitStr::new(&name, ident.span()));
    Role::Variable(LitStr::new(&format!("{prefix}{}", name.value()), name.span()))
}

/// The doc comment, line by line, without the blank that starts each.
fn description(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
