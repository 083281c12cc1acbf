use groundcrew_base::{estimated_bits, has_scheme, looks_placeholder, looks_secret};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, LitStr, Path, Type, spanned::Spanned};

use crate::{
    bound::{Bound, literal, with_unit},
    default_value::DefaultValue,
    errors::Errors,
    field::{Field, Role},
    hygiene::{own, quote},
    number::Number,
    number_text::misread,
    rule::{Rule, RuleKind},
    rule_check,
    shape::{Measure, is, is_number, is_text},
};

/// Refuses rules that cannot be, and defaults that their own field would refuse, as far as that is known at
/// compile time; the rest is left to assertions in the code that is returned and to `check_defaults`.
pub(crate) fn check(fields: &[Field], krate: &Path, errors: &mut Errors) -> TokenStream {
    let mut asserts = TokenStream::new();
    for field in fields {
        rule_check::check(field, krate, errors);
        match &field.default {
            DefaultValue::None | DefaultValue::Trait => {}
            DefaultValue::Text(text, span) => {
                let result = text_default(field, text, *span, krate);
                errors.take(result);
            }
            DefaultValue::Expr(expr) => {
                let result = expr_default(field, expr, krate);
                asserts.extend(errors.take(result));
            }
        }
        for (_, text) in &field.profile_defaults {
            let result = text_default(field, &profile_text(field, text), text.span(), krate);
            errors.take(result);
        }
    }
    asserts
}

/// A bare number is in the unit of its field.
fn profile_text(field: &Field, text: &LitStr) -> String {
    match field.measure() {
        Measure::None => text.value(),
        _ => with_unit(&text.value(), field.unit_text().as_deref()),
    }
}

fn text_default(field: &Field, text: &str, span: Span, krate: &Path) -> syn::Result<()> {
    let Some(element) = &field.shape.element else {
        let default = Text {
            field,
            text,
            span,
            krate,
            ty: &field.shape.inner,
        };
        return default.check(&field.rules);
    };
    let texts: Vec<&str> = text.split(',').map(str::trim).collect();
    for text in &texts {
        if text.is_empty() {
            return Err(syn::Error::new(span, "an element of the default is empty"));
        }
        let default = Text {
            field,
            text,
            span,
            krate,
            ty: element,
        };
        default.check(&field.element_rules)?;
    }
    let count = texts.len();
    match field.rules.iter().find(|rule| is_length_broken(rule, count)) {
        Some(rule) => Err(breaks(span, rule)),
        None => Ok(()),
    }
}

/// One value of a default that is read like a variable.
struct Text<'f> {
    field: &'f Field,
    text: &'f str,
    span: Span,
    krate: &'f Path,
    ty: &'f Type,
}

impl Text<'_> {
    fn check(&self, rules: &[Rule]) -> syn::Result<()> {
        if let Some(message) = misread(self.ty, self.text) {
            return Err(syn::Error::new(
                self.span,
                format!("the default is not {message}"),
            ));
        }
        if self.is_placeholder() {
            let message =
                "the default of a secret is a placeholder: take it away, or say `allow_placeholder`";
            return Err(syn::Error::new(self.span, message));
        }
        let literal = LitStr::new(self.text, self.span);
        let expr: Expr = syn::parse_quote!(#literal);
        let unit = self.field.unit_text();
        let number = Bound::new(&expr, Measure::of(self.ty), unit.as_deref(), self.krate)?.number;
        for rule in rules {
            if self.is_broken(rule, number)? {
                return Err(breaks(self.span, rule));
            }
        }
        Ok(())
    }

    fn is_broken(&self, rule: &Rule, number: Option<Number>) -> syn::Result<bool> {
        let text = self.text;
        let is_textual = is_text(self.ty) || is(self.ty, &["Secret"]);
        Ok(match &rule.kind {
            RuleKind::Range { .. } => match number.filter(|_| !is_textual) {
                Some(number) => out_of_range(number, rule, self.field, self.krate)?,
                None => false,
            },
            RuleKind::Scheme(schemes) => {
                let schemes: Vec<String> = schemes.iter().map(LitStr::value).collect();
                let schemes: Vec<&str> = schemes.iter().map(String::as_str).collect();
                !has_scheme(text, &schemes)
            }
            RuleKind::Ip { v4, v6 } => !text.parse().is_ok_and(|address| is_version(address, *v4, *v6)),
            _ if !is_textual => false,
            RuleKind::Length { .. } => is_length_broken(rule, text.chars().count()),
            RuleKind::Url => !may_be_url(text),
            RuleKind::Email => !text.contains('@'),
            RuleKind::Contains(needle) => !text.contains(&needle.value()),
            RuleKind::DoesNotContain(needle) => text.contains(&needle.value()),
            RuleKind::NonControlCharacter => text.contains(char::is_control),
            RuleKind::MinEntropy(bits) => estimated_bits(text) < f64::from(bits.base10_parse::<u32>()?),
            _ => false,
        })
    }

    fn is_placeholder(&self) -> bool {
        let field = self.field;
        let by_name = match &field.role {
            Role::Variable(name) => looks_secret(&name.value()) && !field.public,
            _ => false,
        };
        let secret = field.secret || field.shape.secret || (by_name && is_text(self.ty));
        secret && !field.allow_placeholder && looks_placeholder(self.text)
    }
}

fn breaks(span: Span, rule: &Rule) -> syn::Error {
    let name = rule.name;
    let message = format!("the default breaks the rule `{name}` of its own field");
    syn::Error::new(span, message)
}

fn is_version(address: std::net::IpAddr, v4: bool, v6: bool) -> bool {
    v4 == v6 || address.is_ipv4() == v4
}

/// What has no scheme is no URL without one to be relative to; more the `url` crate alone can tell.
fn may_be_url(text: &str) -> bool {
    text.trim().split_once(':').is_some_and(|(scheme, _)| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(inside)
    })
}

fn is_length_broken(rule: &Rule, length: usize) -> bool {
    let RuleKind::Length { min, max, equal } = &rule.kind else {
        return false;
    };
    let bound = |expr: &Option<Expr>| expr.as_ref().and_then(literal)?.parse::<usize>().ok();
    bound(min).is_some_and(|min| length < min)
        || bound(max).is_some_and(|max| length > max)
        || bound(equal).is_some_and(|equal| length != equal)
}

fn expr_default(field: &Field, expr: &Expr, krate: &Path) -> syn::Result<TokenStream> {
    let mut asserts = TokenStream::new();
    let number = literal(expr).and_then(|text| Number::parse(&text));
    for rule in &field.rules {
        match number {
            Some(number) if out_of_range(number, rule, field, krate)? => {
                return Err(breaks(expr.span(), rule));
            }
            _ if is_number(&field.shape.inner) && (number.is_some() || is_constant(expr)) => {
                asserts.extend(assertion(field, expr, rule));
            }
            _ => {}
        }
    }
    Ok(asserts)
}

fn out_of_range(number: Number, rule: &Rule, field: &Field, krate: &Path) -> syn::Result<bool> {
    let RuleKind::Range {
        min,
        max,
        above,
        below,
    } = &rule.kind
    else {
        return Ok(false);
    };
    let unit = field.unit_text();
    let bound = |bound: &Option<Expr>| match bound {
        Some(expr) => Bound::new(expr, field.measure(), unit.as_deref(), krate).map(|bound| bound.number),
        None => Ok(None),
    };
    Ok(bound(min)?.is_some_and(|min| number < min)
        || bound(max)?.is_some_and(|max| number > max)
        || bound(above)?.is_some_and(|above| number <= above)
        || bound(below)?.is_some_and(|below| number >= below))
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
    let (left, right) = (own("left"), own("right"));
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
                    let #left: #ty = #expr;
                    let #right: #ty = #bound;
                    ::core::assert!(#left #operator #right, "the default breaks the rule `range` of its own field");
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
