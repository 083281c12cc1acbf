use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericParam, Generics, Lifetime, LitStr, Result,
    punctuated::Punctuated, spanned::Spanned as _, token::Comma,
};

use crate::{attributes, name::is_identifier};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let metrics = attributes::metrics_crate(&input.attrs)?;
    let fields = named_fields(input)?;
    let constants = constants(fields, &metrics)?;
    let (visit, position) = (visit(fields, &metrics), position(fields, &metrics));
    let ident = &input.ident;
    let with = borrowed(&input.generics)?;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #metrics::Labels for #ident #type_generics #where_clause {
            type With<'__labels> = #ident #with;

            #constants
            #visit
            #position
        }
    })
}

fn constants(fields: &Punctuated<Field, Comma>, metrics: &TokenStream) -> Result<TokenStream> {
    let names = fields.iter().map(checked_name).collect::<Result<Vec<LitStr>>>()?;
    refuse_twice(&names)?;
    let most = fields.iter().map(max_values).collect::<Result<Vec<usize>>>()?;
    let types = fields.iter().map(|field| &field.ty);
    Ok(quote! {
        const NAMES: &'static [&'static str] = &[#(#names),*];
        const VALUES: &'static [&'static [&'static str]] = &[#(<#types as #metrics::LabelValue>::VALUES),*];
        const MAX_VALUES: &'static [usize] = &[#(#most),*];
    })
}

fn visit(fields: &Punctuated<Field, Comma>, metrics: &TokenStream) -> TokenStream {
    // The type's span, so that one that is not a label value is underlined.
    let visits = fields.iter().map(|field| {
        let place = &field.ident;
        quote_spanned!(field.ty.span()=> #metrics::LabelVisitor::value(visitor, &self.#place);)
    });
    quote! {
        // A lookup walks the labels some times: only as a part of it they are what the compiler knows of them.
        #[inline(always)]
        fn visit<__V: #metrics::LabelVisitor>(&self, visitor: &mut __V) {
            #(#visits)*
        }
    }
}

fn position(fields: &Punctuated<Field, Comma>, metrics: &TokenStream) -> TokenStream {
    let types = fields.iter().map(|field| &field.ty);
    let places = fields.iter().map(|field| &field.ident);
    quote! {
        #[inline]
        fn position(&self) -> usize {
            let position = 0_usize;
            #(
                let values = <#types as #metrics::LabelValue>::VALUES.len();
                let index = #metrics::LabelValue::index(&self.#places);
                // Of a derived value the compiler knows that it is one of them.
                if index >= values {
                    return usize::MAX;
                }
                let position = position.wrapping_mul(values).wrapping_add(index);
            )*
            position
        }
    }
}

fn named_fields(input: &DeriveInput) -> Result<&Punctuated<Field, Comma>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(&fields.named),
            Fields::Unnamed(_) | Fields::Unit => Err(Error::new_spanned(
                &input.ident,
                "labels have names: derive Labels on a struct with named fields",
            )),
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "Labels is derived on a struct; an enum can be the value of one label: derive LabelValue",
        )),
    }
}

/// The generics with every lifetime replaced by the one of `With`.
fn borrowed(generics: &Generics) -> Result<TokenStream> {
    let mut lifetimes: Vec<Lifetime> = Vec::new();
    for parameter in &generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => {
                lifetimes.push(Lifetime::new("'__labels", lifetime.lifetime.span()));
            }
            GenericParam::Type(_) | GenericParam::Const(_) => {
                return Err(Error::new_spanned(
                    parameter,
                    "a label set may have lifetimes, but no other parameters",
                ));
            }
        }
    }
    Ok(if lifetimes.is_empty() {
        TokenStream::new()
    } else {
        quote!(<#(#lifetimes),*>)
    })
}

fn checked_name(field: &Field) -> Result<LitStr> {
    let name = match (attributes::label(&field.attrs)?.name, &field.ident) {
        (Some(name), _) => name,
        (None, Some(ident)) => attributes::plain(ident),
        (None, None) => return Err(Error::new_spanned(field.to_token_stream(), "a label has a name")),
    };
    let value = name.value();
    if !is_identifier(&value) {
        return Err(Error::new(
            name.span(),
            "not a label name: letters, digits and underscores, no digit first",
        ));
    }
    if value.starts_with("__") || value == "le" || value == "quantile" {
        return Err(Error::new(
            name.span(),
            "this label name is reserved by Prometheus",
        ));
    }
    Ok(name)
}

/// The value of `#[label(max = 500)]`; 0, no limit, without it.
fn max_values(field: &Field) -> Result<usize> {
    attributes::label(&field.attrs)?.max.map_or(Ok(0), |max| {
        let values: usize = max.base10_parse()?;
        match values {
            0 => Err(Error::new(max.span(), "a label has one value at least")),
            values => Ok(values),
        }
    })
}

fn refuse_twice(names: &[LitStr]) -> Result<()> {
    let mut rest = names;
    while let Some((name, after)) = rest.split_first() {
        if let Some(again) = after.iter().find(|other| other.value() == name.value()) {
            return Err(Error::new(again.span(), "two fields have this label name"));
        }
        rest = after;
    }
    Ok(())
}
