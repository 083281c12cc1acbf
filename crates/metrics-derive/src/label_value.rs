use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Ident, LitStr, Result, Variant, ext::IdentExt};

use crate::attributes;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let metrics = attributes::metrics_crate(&input.attrs)?;
    let data = plain_enum(input)?;
    let values = data.variants.iter().map(value).collect::<Result<Vec<LitStr>>>()?;
    refuse_twice(&values)?;
    refuse_other(&values)?;
    let variants: Vec<&Ident> = data.variants.iter().map(|variant| &variant.ident).collect();
    let indexes = 0..values.len();
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #metrics::LabelValue for #ident {
            const VALUES: &'static [&'static str] = &[#(#values),*];

            #[inline]
            fn text(&self) -> impl ::core::convert::AsRef<str> {
                match self {
                    #(Self::#variants => #values,)*
                }
            }

            #[inline]
            fn index(&self) -> usize {
                match self {
                    #(Self::#variants => #indexes,)*
                }
            }
        }
    })
}

/// The enum that a label value can be derived on.
fn plain_enum(input: &DeriveInput) -> Result<&DataEnum> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "LabelValue is derived on an enum without fields",
        ));
    };
    if data.variants.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            "an enum without variants has no value",
        ));
    }
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "LabelValue is derived on an enum without parameters",
        ));
    }
    Ok(data)
}

/// Two variants of one value would be one series that is there twice.
fn refuse_twice(values: &[LitStr]) -> Result<()> {
    let mut rest = values;
    while let Some((value, after)) = rest.split_first() {
        if let Some(again) = after.iter().find(|other| other.value() == value.value()) {
            return Err(Error::new(again.span(), "two variants have this value"));
        }
        rest = after;
    }
    Ok(())
}

/// What had no room is exposed under this value: both would be one series that is there twice.
fn refuse_other(values: &[LitStr]) -> Result<()> {
    match values.iter().find(|value| value.value() == "__other__") {
        Some(other) => Err(Error::new(
            other.span(),
            "this value stands for those that a full label has no room for",
        )),
        None => Ok(()),
    }
}

fn value(variant: &Variant) -> Result<LitStr> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            variant,
            "a variant with fields has no single value",
        ));
    }
    let attributes::Label { name, max } = attributes::label(&variant.attrs)?;
    if let Some(max) = max {
        return Err(Error::new(
            max.span(),
            "a limit belongs to the field of a label set",
        ));
    }
    Ok(name.unwrap_or_else(|| {
        LitStr::new(
            &snake_case(&variant.ident.unraw().to_string()),
            variant.ident.span(),
        )
    }))
}

/// `NotFound` is `not_found`; `HTTPError` is `http_error`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &character) in characters.iter().enumerate() {
        let after_lower = at > 0
            && characters
                .get(at - 1)
                .is_some_and(|before| !before.is_uppercase());
        let before_lower = at > 0 && characters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (after_lower || before_lower) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        for (name, snake) in [
            ("Low", "low"),
            ("NotFound", "not_found"),
            ("HTTPError", "http_error"),
            ("Already_Split", "already_split"),
            ("V2", "v2"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }
}
