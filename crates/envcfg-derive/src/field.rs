use std::collections::HashMap;

use proc_macro2::Span;
use syn::{
    Attribute, Expr, Field as SynField, Ident, Lit, LitStr, Meta, Token, Type, ext::IdentExt as _,
    meta::ParseNestedMeta, punctuated::Punctuated, spanned::Spanned,
};

use crate::{
    container::Container,
    errors::Errors,
    rule::{Rule, RuleKind},
    shape::{Measure, Shape},
    suggest,
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

/// A name that the variable had before.
pub(crate) struct Alias {
    pub(crate) name: LitStr,
    pub(crate) since: Option<LitStr>,
    pub(crate) until: Option<LitStr>,
}

pub(crate) enum Role {
    Variable(LitStr),
    Nested(String),
    Skipped,
}

#[derive(Default)]
pub(crate) enum DefaultValue {
    #[default]
    None,
    /// `default` alone.
    Trait,
    /// A text that is read like a variable.
    Text(String, Span),
    Expr(Expr),
}

/// The attributes as written, by name.
#[derive(Default)]
struct Written {
    spans: HashMap<String, Span>,
    env: Option<LitStr>,
    prefix: Option<LitStr>,
    unit: Option<LitStr>,
    default: DefaultValue,
    profile_defaults: Vec<(Ident, LitStr)>,
    deprecated: Option<LitStr>,
    aliases: Vec<Alias>,
    conditions: Vec<(Ident, Option<LitStr>)>,
    rules: Vec<Rule>,
    element_rules: Vec<Rule>,
}

impl Field {
    pub(crate) fn parse(field: &SynField, container: &Container) -> syn::Result<Self> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| syn::Error::new(field.span(), "`Config` needs fields with names"))?;
        let shape = Shape::of(&field.ty);
        let mut written = Written::default();
        let mut errors = Errors::default();
        for attribute in &field.attrs {
            if attribute.path().is_ident("config") {
                errors.entries(attribute, |meta| written.config(meta));
            } else if attribute.path().is_ident("validate") {
                errors.entries(attribute, |meta| written.validate(meta));
            }
        }
        written.check(&shape, container.default, &mut errors);
        let settled = written.settle_rules(ident.span(), &shape, container.nest_all_fields);
        errors.take(settled);
        let role = written.role(&ident, &container.prefix);
        let default = errors.take(written.default_value(&shape)).unwrap_or_default();
        errors.finish()?;
        Ok(Self {
            ty: field.ty.clone(),
            description: description(&field.attrs),
            required: written.has("required"),
            secret: written.has("secret"),
            public: written.has("public"),
            file: written.has("file"),
            allow_placeholder: written.has("allow_placeholder"),
            from_str: written.has("from_str"),
            profile: written.has("profile"),
            profile_defaults: written.profile_defaults,
            deprecated: written.deprecated,
            unit: written.unit,
            aliases: written.aliases,
            conditions: written.conditions,
            rules: written.rules,
            element_rules: written.element_rules,
            ident,
            shape,
            role,
            default,
        })
    }

    /// The name of the field as people write it: `type` for `r#type`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The measure of what a single value is: the element of a list, else the field without `Option`.
    pub(crate) fn measure(&self) -> Measure {
        Measure::of(self.shape.element.as_ref().unwrap_or(&self.shape.inner))
    }

    pub(crate) fn unit_text(&self) -> Option<String> {
        self.unit.as_ref().map(LitStr::value)
    }
}

impl Written {
    fn has(&self, name: &str) -> bool {
        self.spans.contains_key(name)
    }

    fn config(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if Rule::is_native(&meta.path) {
            self.rules.push(Rule::native(meta)?);
            return Ok(());
        }
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let repeatable = matches!(name.as_str(), "alias" | "required_if" | "required_with" | "each");
        let per_profile = name == "default" && meta.input.peek(syn::token::Paren);
        let key = if per_profile { "default(...)" } else { &name };
        if self.spans.insert(key.to_owned(), meta.path.span()).is_some() && !repeatable {
            let message = format!("`{name}` is given twice");
            return Err(syn::Error::new(meta.path.span(), message));
        }
        match name.as_str() {
            "env" => self.env = Some(variable(meta)?),
            "prefix" => self.prefix = Some(meta.value()?.parse()?),
            "unit" => self.unit = Some(unit(meta)?),
            "alias" => self.aliases.push(Alias::parse(meta)?),
            "deprecated" => self.deprecated = Some(meta.value()?.parse()?),
            "default" if per_profile => self.profile_defaults = profile_defaults(meta)?,
            "default" if meta.input.peek(Token![=]) => {
                self.default = DefaultValue::Expr(meta.value()?.parse()?);
            }
            "default" => self.default = DefaultValue::Trait,
            "required_if" | "required_with" => self.conditions.extend(conditions(meta)?),
            "each" => meta.parse_nested_meta(|rule| {
                self.element_rules.push(Rule::element(&rule)?);
                Ok(())
            })?,
            "nested" | "required" | "secret" | "public" | "file" | "skip" | "from_str" | "profile"
            | "allow_placeholder" => {}
            _ => return Err(suggest::unknown("attribute {} of a field", &meta.path, &KNOWN)),
        }
        Ok(())
    }

    fn validate(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        self.rules.extend(Rule::validate(meta)?);
        Ok(())
    }

    /// Refuses what contradicts itself, at the attribute that is too much.
    fn check(&self, shape: &Shape, container_default: bool, errors: &mut Errors) {
        let mut at = |name: &str, message: &str| {
            if let Some(span) = self.spans.get(name) {
                errors.push(syn::Error::new(*span, message));
            }
        };
        if self.has("nested") {
            for name in VARIABLE_ONLY {
                at(name, &format!("`{name}` means nothing on a `nested` field"));
            }
        } else {
            at("prefix", "`prefix` needs `nested`");
        }
        if self.has("skip") {
            for name in VARIABLE_ONLY.into_iter().chain(["nested"]) {
                at(
                    name,
                    &format!("`{name}` means nothing on a field that is skipped"),
                );
            }
        }
        if self.has("public") && (self.has("secret") || shape.secret) {
            at("public", "a secret cannot be `public`");
        }
        if self.has("required") && self.has("default") {
            at("default", "a required variable needs no default");
        }
        if self.has("required") && shape.optional {
            at(
                "required",
                "an `Option` is not required: take the type without `Option`, or `required_if(...)`",
            );
        }
        if self.has("required") && self.has("default(...)") {
            at("default(...)", "a required variable needs no default");
        }
        if container_default {
            at(
                "default",
                "the struct takes its defaults from `Default`: write this one there",
            );
        }
        if shape.element.is_none() {
            at("each", "`each` needs a list such as `Vec<T>`");
        }
    }

    /// Takes out what only says whether rules hold, and refuses what it leaves without effect.
    fn settle_rules(&mut self, span: Span, shape: &Shape, nest_all_fields: bool) -> syn::Result<()> {
        let is_nested = |rule: &Rule| matches!(rule.kind, RuleKind::Nested);
        let skip = self
            .rules
            .iter()
            .position(|rule| matches!(rule.kind, RuleKind::Skip));
        if let Some(skip) = skip.map(|at| self.rules.remove(at)) {
            if self.rules.iter().any(|rule| rule.validator) {
                let message = "`skip` turns the other rules of this field off: take it or them away";
                return Err(syn::Error::new(skip.span, message));
            }
        } else if nest_all_fields && !self.rules.iter().any(is_nested) {
            self.rules.push(Rule::nested(span));
        }
        if self.has("nested") {
            // Its own load applies the rules of a `Config`.
            self.rules.retain(|rule| !is_nested(rule));
            if let Some(rule) = self.rules.first() {
                return Err(syn::Error::new(
                    rule.span,
                    "a rule means nothing on a `nested` field",
                ));
            }
        }
        if Measure::of(shape.element.as_ref().unwrap_or(&shape.inner)) == Measure::None {
            self.rules.iter_mut().try_for_each(Rule::unquote)?;
        }
        Ok(())
    }

    fn role(&self, ident: &Ident, prefix: &str) -> Role {
        if self.has("skip") {
            return Role::Skipped;
        }
        if self.has("nested") {
            let own = self.prefix.as_ref().map(LitStr::value).unwrap_or_default();
            return Role::Nested(format!("{prefix}{own}"));
        }
        let name = ident.unraw().to_string().to_uppercase();
        let name = self
            .env
            .clone()
            .unwrap_or_else(|| LitStr::new(&name, ident.span()));
        Role::Variable(LitStr::new(&format!("{prefix}{}", name.value()), name.span()))
    }

    fn default_value(&mut self, shape: &Shape) -> syn::Result<DefaultValue> {
        let expr = match std::mem::take(&mut self.default) {
            DefaultValue::Expr(expr) => expr,
            other => return Ok(other),
        };
        let measure = Measure::of(shape.element.as_ref().unwrap_or(&shape.inner));
        let is_text = matches!(&expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)));
        match crate::bound::literal(&expr) {
            Some(_) if measure == Measure::Time && self.unit.is_none() && !is_text => Err(syn::Error::new(
                expr.span(),
                "a number needs `unit = \"...\"`, or write a text such as \"30s\"",
            )),
            Some(text) if is_text || measure != Measure::None => {
                let unit = self
                    .unit
                    .as_ref()
                    .filter(|_| measure != Measure::None)
                    .map(LitStr::value);
                let text = crate::bound::with_unit(&text, unit.as_deref());
                Ok(DefaultValue::Text(text, expr.span()))
            }
            _ => Ok(DefaultValue::Expr(expr)),
        }
    }
}

impl Alias {
    /// `alias = "OLD"` or `alias("OLD", since = "1.4", until = "2.0")`.
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let (mut since, mut until) = (None, None);
        if meta.input.peek(Token![=]) {
            let name = variable(meta)?;
            return Ok(Self { name, since, until });
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let name = named(content.parse()?)?;
        while content.parse::<Option<Token![,]>>()?.is_some() && !content.is_empty() {
            let key: Ident = content.parse()?;
            content.parse::<Token![=]>()?;
            let version = Some(content.parse()?);
            match key.to_string().as_str() {
                "since" => since = version,
                "until" => until = version,
                _ => return Err(syn::Error::new(key.span(), "expected `since` or `until`")),
            }
        }
        Ok(Self { name, since, until })
    }
}

/// `profile = literal`, separated by commas; each as it would be written in the environment.
fn profile_defaults(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<(Ident, LitStr)>> {
    let mut defaults = Vec::new();
    meta.parse_nested_meta(|entry| {
        let profile = entry.path.require_ident()?.clone();
        let value: Expr = entry.value()?.parse()?;
        let text = crate::bound::literal(&value)
            .ok_or_else(|| syn::Error::new(value.span(), "the default of a profile is a literal"))?;
        defaults.push((profile, LitStr::new(&text, value.span())));
        Ok(())
    })?;
    Ok(defaults)
}

fn variable(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    named(meta.value()?.parse()?)
}

fn named(name: LitStr) -> syn::Result<LitStr> {
    let text = name.value();
    if text.is_empty() || text.contains(['=', '\0']) || text.contains(char::is_whitespace) {
        return Err(syn::Error::new(name.span(), "not a name of a variable"));
    }
    Ok(name)
}

fn unit(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let unit: LitStr = meta.value()?.parse()?;
    if UNITS.contains(&unit.value().as_str()) {
        Ok(unit)
    } else {
        let known = UNITS.join(", ");
        Err(syn::Error::new(
            unit.span(),
            format!("unknown unit, expected one of {known}"),
        ))
    }
}

/// `NAME` or `NAME = "value"`, separated by commas.
fn conditions(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<(Ident, Option<LitStr>)>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let condition = |input: syn::parse::ParseStream<'_>| {
        let name: Ident = input.parse()?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok((name, value))
    };
    let all = Punctuated::<_, Token![,]>::parse_terminated_with(&content, condition)?;
    Ok(all.into_iter().collect())
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

const VARIABLE_ONLY: [&str; 16] = [
    "env",
    "default",
    "default(...)",
    "required",
    "required_if",
    "required_with",
    "deprecated",
    "profile",
    "unit",
    "alias",
    "secret",
    "public",
    "file",
    "each",
    "from_str",
    "allow_placeholder",
];

const UNITS: [&str; 18] = [
    "ns", "us", "ms", "s", "m", "h", "d", "w", "bytes", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB",
    "B",
];

const KNOWN: [&str; 22] = [
    "env",
    "default",
    "required",
    "required_if",
    "required_with",
    "unit",
    "alias",
    "deprecated",
    "profile",
    "secret",
    "public",
    "file",
    "nested",
    "prefix",
    "skip",
    "from_str",
    "allow_placeholder",
    "each",
    "range",
    "length",
    "scheme",
    "min_entropy",
];
