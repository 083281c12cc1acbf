use groundcrew_base::{estimated_bits, has_scheme, looks_placeholder};
use proc_macro2::{Span, TokenStream};
use syn::{Expr, Generics, LitStr, Path, Type, spanned::Spanned};

use crate::{
    bound::{Bound, literal, with_unit},
    default_assertion::{Assertion, Known, number_of},
    default_value::DefaultValue,
    errors::Errors,
    field::Field,
    hygiene::quote,
    number::Number,
    number_text::misread,
    rule::{Rule, RuleKind},
    rule_check,
    shape::{Measure, is, is_number, is_text},
};

/// Refuses rules that cannot be, and defaults that their own field would refuse, as far as that is known at
/// compile time; the rest is left to assertions in the code that is returned and to `check_defaults`.
pub(crate) fn check(fields: &[Field], krate: &Path, generics: &Generics, errors: &mut Errors) -> TokenStream {
    let mut asserts = TokenStream::new();
    for field in fields {
        let assertion = Assertion {
            field,
            krate,
            generics,
        };
        rule_check::check(field, krate, errors);
        match &field.default {
            DefaultValue::None | DefaultValue::Trait => {}
            DefaultValue::Text(text, span) => {
                let result = text_default(assertion, text, *span);
                asserts.extend(errors.take(result));
            }
            DefaultValue::Expr(expr) => {
                let result = expr_default(assertion, expr);
                asserts.extend(errors.take(result));
            }
        }
        for (_, text) in &field.profile_defaults {
            let result = text_default(assertion, &profile_text(field, text), text.span());
            asserts.extend(errors.take(result));
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

fn text_default(assertion: Assertion<'_>, text: &str, span: Span) -> syn::Result<TokenStream> {
    let field = assertion.field;
    let default = |text, ty| Text {
        assertion,
        text,
        span,
        ty,
    };
    let Some(element) = &field.shape.element else {
        return default(text, &field.shape.inner).check(&field.rules);
    };
    let mut asserts = TokenStream::new();
    let texts: Vec<&str> = text.split(',').map(str::trim).collect();
    for text in &texts {
        if text.is_empty() {
            return Err(syn::Error::new(span, "an element of the default is empty"));
        }
        asserts.extend(default(text, element).check(&field.element_rules)?);
    }
    let count = texts.len();
    if let Some(rule) = field.rules.iter().find(|rule| is_length_broken(rule, count)) {
        return Err(breaks(span, rule));
    }
    let rules = field.rules.iter();
    asserts.extend(rules.map(|rule| assertion.of_length(rule, count, span)));
    Ok(asserts)
}

/// One value of a default that is read like a variable.
struct Text<'f> {
    assertion: Assertion<'f>,
    text: &'f str,
    span: Span,
    ty: &'f Type,
}

impl Text<'_> {
    /// What is left to the compiler: the bounds that are constants.
    fn check(&self, rules: &[Rule]) -> syn::Result<TokenStream> {
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
        let Assertion { field, krate, .. } = self.assertion;
        let unit = field.unit_text();
        let bound = Bound::new(&expr, Measure::of(self.ty), unit.as_deref(), krate)?;
        let value = match Measure::of(self.ty) {
            Measure::None => number_of(self.ty, self.text),
            Measure::Time | Measure::Bytes => Some(bound.value),
        };
        let known = value.map(|value| Known {
            ty: self.ty,
            value,
            is_literal: true,
            span: self.span,
        });
        let mut asserts = TokenStream::new();
        for rule in rules {
            if self.is_broken(rule, bound.number)? {
                return Err(breaks(self.span, rule));
            }
            if let Some(known) = &known {
                asserts.extend(self.assertion.of_range(rule, known)?);
            }
            if self.is_textual() {
                asserts.extend(
                    self.assertion
                        .of_length(rule, self.text.chars().count(), self.span),
                );
            }
        }
        Ok(asserts)
    }

    fn is_textual(&self) -> bool {
        is_text(self.ty) || is(self.ty, &["Secret"])
    }

    fn is_broken(&self, rule: &Rule, number: Option<Number>) -> syn::Result<bool> {
        let text = self.text;
        let is_textual = self.is_textual();
        Ok(match &rule.kind {
            RuleKind::Range { .. } => match number.filter(|_| !is_textual) {
                Some(number) => out_of_range(number, rule, self.assertion)?,
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
        let field = self.assertion.field;
        let by_name = field.is_secret_by_name() && is_text(self.ty);
        let secret = field.secret || field.shape.secret || by_name;
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

fn expr_default(assertion: Assertion<'_>, expr: &Expr) -> syn::Result<TokenStream> {
    let field = assertion.field;
    let ty = &field.shape.inner;
    let mut asserts = TokenStream::new();
    let number = literal(expr).and_then(|text| Number::parse(&text));
    let is_known = match Measure::of(ty) {
        Measure::None => is_number(ty) && (number.is_some() || assertion.is_constant(expr)),
        Measure::Time | Measure::Bytes => assertion.is_constant(expr),
    };
    let known = Known {
        ty,
        value: quote!(#expr),
        is_literal: number.is_some(),
        span: expr.span(),
    };
    for rule in &field.rules {
        match number {
            Some(number) if out_of_range(number, rule, assertion)? => {
                return Err(breaks(expr.span(), rule));
            }
            _ if is_known => asserts.extend(assertion.of_range(rule, &known)?),
            _ => {}
        }
    }
    Ok(asserts)
}

fn out_of_range(number: Number, rule: &Rule, assertion: Assertion<'_>) -> syn::Result<bool> {
    let Assertion { field, krate, .. } = assertion;
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
