use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, LitStr, Path, spanned::Spanned};

use crate::{
    bound::{Bound, literal},
    field::{DefaultValue, Field},
    rule::{Rule, RuleKind},
    shape::{is, is_number},
};

/// Refuses a default that its own field would refuse, as far as that is known at compile time; the rest is
/// left to assertions in the code that is returned.
pub(crate) fn check(fields: &[Field], krate: &Path) -> syn::Result<TokenStream> {
    let mut asserts = TokenStream::new();
    for field in fields {
        match &field.default {
            DefaultValue::None | DefaultValue::Trait => {}
            DefaultValue::Text(text, span) => text_default(field, text, *span, krate)?,
            DefaultValue::Expr(expr) => asserts.extend(expr_default(field, expr, krate)?),
        }
    }
    Ok(asserts)
}

fn text_default(field: &Field, text: &str, span: Span, krate: &Path) -> syn::Result<()> {
    if field.shape.element.is_some() {
        return Ok(());
    }
    if is_number(&field.shape.inner) && text.parse::<f64>().is_err() {
        return Err(syn::Error::new(span, "the default is not a number"));
    }
    let literal = LitStr::new(text, span);
    let expr: Expr = syn::parse_quote!(#literal);
    let number = Bound::new(&expr, field.measure(), field.unit_text().as_deref(), krate)?.number;
    let length = is(&field.shape.inner, &["String", "Secret"]).then(|| text.chars().count());
    for rule in &field.rules {
        let broken = match (&rule.kind, number, length) {
            (RuleKind::Length { min, max, equal }, _, Some(length)) => {
                let length = length.to_string().parse().unwrap_or_default();
                outside(length, field, krate, [min, max, equal, equal])?
            }
            (RuleKind::Range { .. }, Some(number), None) => out_of_range(number, rule, field, krate)?,
            _ => false,
        };
        if broken {
            return Err(syn::Error::new(
                span,
                "the default breaks a rule of its own field",
            ));
        }
    }
    Ok(())
}

fn expr_default(field: &Field, expr: &Expr, krate: &Path) -> syn::Result<TokenStream> {
    let mut asserts = TokenStream::new();
    let number = literal(expr).and_then(|text| text.parse::<f64>().ok());
    for rule in &field.rules {
        match number {
            Some(number) if out_of_range(number, rule, field, krate)? => {
                return Err(syn::Error::new(
                    expr.span(),
                    "the default breaks a rule of its own field",
                ));
            }
            _ if is_number(&field.shape.inner) && is_constant(expr) => {
                asserts.extend(assertion(field, expr, rule));
            }
            _ => {}
        }
    }
    Ok(asserts)
}

fn out_of_range(number: f64, rule: &Rule, field: &Field, krate: &Path) -> syn::Result<bool> {
    let RuleKind::Range {
        min,
        max,
        above,
        below,
    } = &rule.kind
    else {
        return Ok(false);
    };
    let exclusive = |bound: &Option<Expr>| -> syn::Result<Option<f64>> {
        match bound {
            Some(expr) => Ok(Bound::new(expr, field.measure(), field.unit_text().as_deref(), krate)?.number),
            None => Ok(None),
        }
    };
    let beyond = exclusive(above)?.is_some_and(|above| number <= above)
        || exclusive(below)?.is_some_and(|below| number >= below);
    Ok(beyond || outside(number, field, krate, [min, max, &None, &None])?)
}

/// Whether `number` is less than the first or third bound or greater than the second or fourth.
fn outside(number: f64, field: &Field, krate: &Path, bounds: [&Option<Expr>; 4]) -> syn::Result<bool> {
    let mut values = [None; 4];
    for (value, bound) in values.iter_mut().zip(bounds) {
        if let Some(expr) = bound {
            *value = Bound::new(expr, field.measure(), field.unit_text().as_deref(), krate)?.number;
        }
    }
    let [min, max, least, most] = values;
    Ok([min, least].into_iter().flatten().any(|bound| number < bound)
        || [max, most].into_iter().flatten().any(|bound| number > bound))
}

/// Lets the compiler compare a constant with bounds that may be constants too.
fn assertion(field: &Field, expr: &Expr, rule: &Rule) -> TokenStream {
    let RuleKind::Range {
        min,
        max,
        above,
        below,
    } = &rule.kind
    else {
        return TokenStream::new();
    };
    let ty = &field.shape.inner;
    let bounds = [
        (min, quote!(>=)),
        (max, quote!(<=)),
        (above, quote!(>)),
        (below, quote!(<)),
    ];
    let known = bounds
        .into_iter()
        .filter_map(|(bound, operator)| Some((bound.as_ref()?, operator)))
        .filter(|(bound, _)| literal(bound).is_some() || is_constant(bound));
    known
        .map(|(bound, operator)| {
            quote_spanned! {expr.span()=>
                const _: () = {
                    let default: #ty = #expr;
                    let bound: #ty = #bound;
                    ::core::assert!(default #operator bound, "the default breaks a rule of its own field");
                };
            }
        })
        .collect()
}

/// Whether the expression can stand outside the struct's own scope, as a path to a constant does.
fn is_constant(expr: &Expr) -> bool {
    let names_self = |path: &Path| path.segments.first().is_some_and(|first| first.ident == "Self");
    matches!(expr, Expr::Path(path) if path.qself.is_none() && !names_self(&path.path))
}
