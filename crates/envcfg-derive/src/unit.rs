use groundcrew_base::{BYTE_UNITS, DURATION_UNITS};
use syn::{LitStr, Type, meta::ParseNestedMeta};

use crate::shape::{Measure, is, is_known, secret_content};

/// `unit = "s"`.
pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let unit: LitStr = meta.value()?.parse()?;
    let text = unit.value();
    if of_time().chain(of_bytes()).any(|known| known == text) {
        return Ok(unit);
    }
    let message = format!("unknown unit, {}", expected(of_time().chain(of_bytes())));
    Err(syn::Error::new(unit.span(), message))
}

/// Why a value of this type has no such unit, as far as the tokens of the type tell.
pub(crate) fn misfit(unit: &LitStr, ty: &Type) -> Option<String> {
    let text = unit.value();
    match (Measure::of(ty), secret_content(ty)) {
        (Measure::Time, _) if of_time().all(|known| known != text) => {
            Some(format!("not a unit of time, {}", expected(of_time())))
        }
        (Measure::Bytes, _) if of_bytes().all(|known| known != text) => {
            Some(format!("not a unit of bytes, {}", expected(of_bytes())))
        }
        (Measure::None, Some(content)) => misfit(unit, content),
        (Measure::None, None) if is_known(ty) || is(ty, &["Secret"]) => {
            Some(String::from("only a `Duration` or a `ByteSize` has a unit"))
        }
        _ => None,
    }
}

fn of_time() -> impl Iterator<Item = &'static str> {
    DURATION_UNITS.into_iter().map(|(name, _)| name)
}

fn of_bytes() -> impl Iterator<Item = &'static str> {
    let named = BYTE_UNITS.into_iter().map(|(name, _)| name);
    ["bytes"].into_iter().chain(named.filter(|name| !name.is_empty()))
}

fn expected(units: impl Iterator<Item = &'static str>) -> String {
    format!("expected one of {}", units.collect::<Vec<_>>().join(", "))
}
