use std::collections::HashSet;

use syn::{Expr, Path, spanned::Spanned};

use crate::{
    bound::Bound,
    default_value::DefaultValue,
    errors::Errors,
    field::Field,
    number::Number,
    rule::{Rule, RuleKind},
    shape::{Measure, is, is_number, is_text},
};

/// Refuses rules that contradict each other or mean nothing for the type of their field.
pub(crate) fn check(field: &Field, krate: &Path, errors: &mut Errors) {
    for (rules, of_elements) in [(&field.rules, false), (&field.element_rules, true)] {
        let mut seen = HashSet::new();
        for rule in rules {
            let name = rule.name;
            if !seen.insert(name) && !rule.is_repeatable() {
                errors.push(syn::Error::new(rule.span, format!("`{name}` is given twice")));
            }
            if let Some(message) = misfit(field, rule, of_elements) {
                errors.push(syn::Error::new(rule.span, message));
            }
            let measure = field.measure();
            let result = contradiction(field, rule, measure, krate);
            errors.take(result);
        }
        contains_and_not(rules, errors);
    }
}

/// Why the rule does not fit the type, as far as the tokens of the type tell.
fn misfit(field: &Field, rule: &Rule, of_elements: bool) -> Option<String> {
    let name = rule.name;
    let element = field.shape.element.as_ref();
    let ty = element.filter(|_| of_elements).unwrap_or(&field.shape.inner);
    let of_list = element.is_some() && !of_elements;
    let is_list_rule = matches!(
        rule.kind,
        RuleKind::Length { .. }
            | RuleKind::Custom(_)
            | RuleKind::Required
            | RuleKind::MustMatch(_)
            | RuleKind::Nested
            | RuleKind::Skip
    );
    match &rule.kind {
        kind if of_list && !is_list_rule => {
            let arguments = if takes_arguments(kind) { "(...)" } else { "" };
            Some(format!(
                "means nothing for a list as a whole: write `#[config(each({name}{arguments}))]` for its elements"
            ))
        }
        RuleKind::Length { .. } if is_number(ty) || Measure::of(ty) != Measure::None || is(ty, &["bool"]) => {
            Some(String::from("a number has no length: write `range(...)`"))
        }
        RuleKind::Range { .. } if is_text(ty) || is(ty, &["Secret", "Url", "PathBuf", "bool"]) => {
            Some(String::from("a text has no range: write `length(...)`"))
        }
        RuleKind::Required if !matches!(field.default, DefaultValue::None) => {
            Some(String::from("a required variable needs no default"))
        }
        RuleKind::MustMatch(other) if *other == field.ident => {
            Some(String::from("a field always equals itself"))
        }
        _ => None,
    }
}

const fn takes_arguments(kind: &RuleKind) -> bool {
    !matches!(
        kind,
        RuleKind::Url
            | RuleKind::Email
            | RuleKind::Ip { .. }
            | RuleKind::NonControlCharacter
            | RuleKind::CreditCard
    )
}

fn contradiction(field: &Field, rule: &Rule, measure: Measure, krate: &Path) -> syn::Result<()> {
    let unit = field.unit_text();
    let number = |bound: &Option<Expr>, measure| match bound {
        Some(expr) => Bound::new(expr, measure, unit.as_deref(), krate).map(|bound| bound.number),
        None => Ok(None),
    };
    let (lower, upper, at) = match &rule.kind {
        RuleKind::Range {
            min,
            max,
            above,
            below,
        } => (
            [number(min, measure)?, number(above, measure)?],
            [number(max, measure)?, number(below, measure)?],
            max.as_ref().or(below.as_ref()),
        ),
        RuleKind::Length { min, max, .. } => (
            [number(min, Measure::None)?, None],
            [number(max, Measure::None)?, None],
            max.as_ref(),
        ),
        _ => return Ok(()),
    };
    let [min, above] = lower;
    let [max, below] = upper;
    let beyond = |low: Option<Number>, high: Option<Number>| matches!((low, high), (Some(low), Some(high)) if low > high);
    let meet = |low: Option<Number>, high: Option<Number>| matches!((low, high), (Some(low), Some(high)) if low >= high);
    if beyond(min, max) || meet(above, max) || meet(min, below) || meet(above, below) {
        let span = at.map_or(rule.span, Spanned::span);
        return Err(syn::Error::new(span, "no value is within these bounds"));
    }
    Ok(())
}

fn contains_and_not(rules: &[Rule], errors: &mut Errors) {
    let wanted: Vec<String> = rules
        .iter()
        .filter_map(|rule| match &rule.kind {
            RuleKind::Contains(needle) => Some(needle.value()),
            _ => None,
        })
        .collect();
    for rule in rules {
        if let RuleKind::DoesNotContain(needle) = &rule.kind
            && wanted.iter().any(|text| text.contains(&needle.value()))
        {
            errors.push(syn::Error::new(needle.span(), "another rule wants this text"));
        }
    }
}
