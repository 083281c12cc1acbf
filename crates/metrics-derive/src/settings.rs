use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Error, Expr, LitInt, LitStr, Result, Token, meta::ParseNestedMeta, spanned::Spanned as _,
};

use crate::{
    attributes::once,
    buckets::{self, Buckets},
    container::take_prefix,
    expire::Expire,
    objective::Objective,
};

/// What `#[metric(...)]` says about a field.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) name: Option<LitStr>,
    pub(crate) help: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) buckets: Option<Buckets>,
    pub(crate) native: Option<Native>,
    pub(crate) max_series: Option<LitInt>,
    pub(crate) expire: Option<Expire>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) nested: Option<Span>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) skip: Option<Span>,
    /// The settings that only a metric has.
    of_metric: Vec<Span>,
}

pub(crate) enum Native {
    Default(Span),
    Factor(f64, Span),
    Given(Box<Expr>),
}

impl Settings {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut settings = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("metric"))
        {
            attribute.parse_nested_meta(|meta| settings.take(&meta))?;
        }
        settings.check()?;
        Ok(settings)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.require_ident().map(ToString::to_string)?;
        if !matches!(name.as_str(), "nested" | "prefix" | "skip") {
            self.of_metric.push(meta.path.span());
        }
        match name.as_str() {
            "name" => once(&mut self.name, meta),
            "help" => once(&mut self.help, meta),
            "unit" => once(&mut self.unit, meta),
            "max_series" => once(&mut self.max_series, meta),
            "buckets" => match self.buckets.replace(Buckets::new(meta.value()?.parse()?)?) {
                Some(_) => Err(meta.error("given twice")),
                None => Ok(()),
            },
            "native" => match self.native.replace(Native::parse(meta)?) {
                Some(_) => Err(meta.error("given twice")),
                None => Ok(()),
            },
            "expire" => match self.expire.replace(Expire::parse(meta)?) {
                Some(_) => Err(meta.error("given twice")),
                None => Ok(()),
            },
            "slo" => {
                self.objectives.push(Objective::parse(meta)?);
                Ok(())
            }
            "nested" => flag(&mut self.nested, meta),
            "skip" => flag(&mut self.skip, meta),
            "prefix" => take_prefix(&mut self.prefix, meta),
            _ => Err(meta.error(
                "unknown attribute of a metric, expected `name`, `help`, `unit`, `buckets`, `native`, `max_series`, \
                 `expire`, `slo(...)`, `nested`, `prefix` or `skip`",
            )),
        }
    }

    fn check(&self) -> Result<()> {
        let no_metric = self.nested.or(self.skip);
        if let (Some(_), Some(setting)) = (no_metric, self.of_metric.first()) {
            return Err(Error::new(
                *setting,
                "this is for a metric, and the field is none",
            ));
        }
        if let (Some(_), Some(skip)) = (self.nested, self.skip) {
            return Err(Error::new(skip, "a group that is skipped is not nested"));
        }
        if let (None, Some(prefix)) = (self.nested, &self.prefix) {
            return Err(Error::new(
                prefix.span(),
                "a prefix is for a nested group: say `nested`, or `name = \"...\"` for a metric",
            ));
        }
        match &self.max_series {
            Some(most) if most.base10_parse::<usize>()? == 0 => {
                Err(Error::new(most.span(), "a family has one series at least"))
            }
            _ => Ok(()),
        }
    }
}

impl Native {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Default(span) | Self::Factor(_, span) => *span,
            Self::Given(expr) => expr.span(),
        }
    }

    pub(crate) fn tokens(&self, metrics: &TokenStream) -> TokenStream {
        match self {
            Self::Default(_) => quote!(<#metrics::NativeBuckets as ::core::default::Default>::default()),
            Self::Factor(factor, _) => quote!(#metrics::NativeBuckets::new(#factor)),
            Self::Given(expr) => quote!(#expr),
        }
    }

    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        if !meta.input.peek(Token![=]) {
            return Ok(Self::Default(meta.path.span()));
        }
        let expr: Expr = meta.value()?.parse()?;
        match buckets::number(&expr) {
            Some(factor) => match factor? {
                factor if factor > 1.0 => Ok(Self::Factor(factor, expr.span())),
                _ => Err(Error::new_spanned(
                    expr,
                    "buckets grow by a factor above 1, such as `1.1`",
                )),
            },
            None => Ok(Self::Given(Box::new(expr))),
        }
    }
}

fn flag(place: &mut Option<Span>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match place.replace(meta.path.span()) {
        Some(_) => Err(meta.error("given twice")),
        None => Ok(()),
    }
}
