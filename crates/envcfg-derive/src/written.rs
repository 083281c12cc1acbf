use std::collections::HashMap;

use proc_macro2::Span;
use syn::{Attribute, Ident, LitStr, Token, Type, meta::ParseNestedMeta, spanned::Spanned};

use crate::{
    alias::Alias,
    arguments::name_of,
    condition,
    default_value::{DefaultValue, of_profiles},
    errors::Errors,
    rule::{Rule, RuleKind},
    shape::{Measure, Shape},
    suggest, unit, variable_name,
};

/// The attributes of a field as written, by name.
#[derive(Default)]
pub(crate) struct Written {
    spans: HashMap<String, Span>,
    pub(crate) env: Option<LitStr>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) default: DefaultValue,
    pub(crate) profile_defaults: Vec<(Ident, LitStr)>,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) conditions: Vec<(Ident, Option<LitStr>)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) element_rules: Vec<Rule>,
}

impl Written {
    pub(crate) fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut written = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("config") {
                errors.entries(attribute, |meta| written.config(meta));
            } else if attribute.path().is_ident("validate") {
                errors.entries(attribute, |meta| written.validate(meta));
            }
        }
        written
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.spans.contains_key(name)
    }

    /// Where the attribute stands, if it is there.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        self.spans.get(name).copied()
    }

    /// Takes out what only says whether rules hold, and refuses what it leaves without effect.
    pub(crate) fn settle_rules(
        &mut self,
        span: Span,
        shape: &Shape,
        nest_all_fields: bool,
    ) -> syn::Result<()> {
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
                let message = "a rule means nothing on a `nested` field";
                return Err(syn::Error::new(rule.span, message));
            }
        }
        if Measure::of(shape.single()) == Measure::None {
            self.rules.iter_mut().try_for_each(Rule::unquote)?;
        }
        Ok(())
    }

    /// Refuses a unit that the type does not have.
    pub(crate) fn check_unit(&self, ty: &Type, errors: &mut Errors) {
        let is_read = !self.has("skip") && !self.has("nested");
        if let Some(written) = self.unit.as_ref().filter(|_| is_read)
            && let Some(message) = unit::misfit(written, ty)
        {
            errors.push(syn::Error::new(written.span(), message));
        }
    }

    fn config(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if Rule::is_native(&meta.path) {
            self.rules.push(Rule::native(meta)?);
            return Ok(());
        }
        let name = name_of(&meta.path);
        let per_profile = name == "default" && meta.input.peek(syn::token::Paren);
        self.once(meta, if per_profile { "default(...)" } else { &name })?;
        match name.as_str() {
            "env" => self.env = Some(variable_name::parse(meta)?),
            "prefix" => self.prefix = Some(meta.value()?.parse()?),
            "unit" => self.unit = Some(unit::parse(meta)?),
            "alias" => self.aliases.push(Alias::parse(meta)?),
            "deprecated" => self.deprecated = Some(meta.value()?.parse()?),
            "default" if per_profile => self.profile_defaults = of_profiles(meta)?,
            "default" if meta.input.peek(Token![=]) => {
                self.default = DefaultValue::Expr(meta.value()?.parse()?);
            }
            "default" => self.default = DefaultValue::Trait,
            "required_if" | "required_with" => self.conditions.extend(condition::parse(meta)?),
            "each" => meta.parse_nested_meta(|rule| {
                self.element_rules.push(Rule::element(&rule)?);
                Ok(())
            })?,
            "nested" | "required" | "secret" | "public" | "file" | "skip" | "from_str" | "profile"
            | "allow_placeholder" => {}
            _ => {
                let known: Vec<&str> = KNOWN.into_iter().chain(Rule::natives()).collect();
                return Err(suggest::unknown("attribute {} of a field", &meta.path, &known));
            }
        }
        Ok(())
    }

    fn validate(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        self.rules.extend(Rule::validate(meta)?);
        Ok(())
    }

    /// Notes where an attribute stands, and refuses a second of those that say one thing.
    fn once(&mut self, meta: &ParseNestedMeta<'_>, key: &str) -> syn::Result<()> {
        let repeatable = matches!(key, "alias" | "required_if" | "required_with" | "each");
        let span = meta.path.span();
        match self.spans.insert(key.to_owned(), span) {
            Some(_) if !repeatable => {
                let name = name_of(&meta.path);
                Err(syn::Error::new(span, format!("`{name}` is given twice")))
            }
            _ => Ok(()),
        }
    }
}

/// The attributes of a field that are no rules.
const KNOWN: [&str; 18] = [
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
];
