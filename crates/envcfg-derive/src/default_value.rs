use proc_macro2::Span;
use syn::{Expr, Ident, Lit, LitStr, meta::ParseNestedMeta, spanned::Spanned};

use crate::{
    bound::{literal, with_unit},
    shape::Measure,
};

/// What a variable has that is not set.
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

impl DefaultValue {
    /// Takes what is written as a text for one, with the unit of the field.
    pub(crate) fn settled(self, measure: Measure, unit: Option<&LitStr>) -> syn::Result<Self> {
        let Self::Expr(expr) = self else {
            return Ok(self);
        };
        let is_text = matches!(&expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)));
        match literal(&expr) {
            Some(_) if measure == Measure::Time && unit.is_none() && !is_text => Err(syn::Error::new(
                expr.span(),
                "a number needs `unit = \"...\"`, or write a text such as \"30s\"",
            )),
            Some(text) if is_text || measure != Measure::None => {
                let unit = unit.filter(|_| measure != Measure::None).map(LitStr::value);
                Ok(Self::Text(with_unit(&text, unit.as_deref()), expr.span()))
            }
            _ => Ok(Self::Expr(expr)),
        }
    }
}

/// `profile = literal`, separated by commas; each as it would be written in the environment.
pub(crate) fn of_profiles(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<(Ident, LitStr)>> {
    let mut defaults = Vec::new();
    meta.parse_nested_meta(|entry| {
        let profile = entry.path.require_ident()?.clone();
        let value: Expr = entry.value()?.parse()?;
        let text = literal(&value)
            .ok_or_else(|| syn::Error::new(value.span(), "the default of a profile is a literal"))?;
        defaults.push((profile, LitStr::new(&text, value.span())));
        Ok(())
    })?;
    Ok(defaults)
}
