use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, punctuated::Punctuated, token::Comma};

use crate::{container::Container, field::Field};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Container { metrics, prefix } = Container::parse(&input.attrs)?;
    let fields = parsed(named_fields(input)?)?;
    let group = quote!(#metrics::__group);
    let constants = all(&fields, |field| field.constant(&group, &fields))?;
    let registered = all(&fields, |field| field.registered(&metrics, &fields))?;
    let taken = fields.iter().map(Field::taken);
    let within = prefix.map(|prefix| quote!(let __group = &mut __group.within(#prefix);));
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #metrics::Metrics for #ident {
            fn register_in(__group: &mut #group::Group<'_>) -> ::core::option::Option<Self> {
                // A path whose tokens have the span of what it complains of.
                #[allow(unused_imports)]
                use #group as __group_checks;
                #(#constants)*
                #within
                #(#registered)*
                ::core::option::Option::Some(Self { #(#taken),* })
            }
        }
    })
}

fn parsed(fields: &Punctuated<syn::Field, Comma>) -> Result<Vec<Field<'_>>> {
    let fields = fields.iter().enumerate();
    let fields = gathered(fields.map(|(number, field)| Field::parse(number, field)))?;
    refuse_twice(&fields)?;
    Ok(fields)
}

fn named_fields(input: &DeriveInput) -> Result<&Punctuated<syn::Field, Comma>> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a group of metrics has no parameters: label sets of families are written with `'static`",
        ));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(&fields.named),
            Fields::Unnamed(_) | Fields::Unit => Err(Error::new_spanned(
                &input.ident,
                "metrics have names: derive Metrics on a struct with named fields",
            )),
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "Metrics is derived on a struct whose fields are metrics",
        )),
    }
}

/// OpenMetrics drops the suffix of counters, so a counter `jobs_total` and a gauge `jobs` are the same there.
fn refuse_twice(fields: &[Field<'_>]) -> Result<()> {
    let mut rest = fields;
    while let Some((field, after)) = rest.split_first() {
        let again = after
            .iter()
            .filter_map(Field::name)
            .find(|other| field.name().is_some_and(|name| name.stem() == other.stem()));
        if let Some(again) = again {
            return Err(Error::new(
                again.span,
                "two metrics have this name, in OpenMetrics at least, which drops `_total`",
            ));
        }
        rest = after;
    }
    Ok(())
}

fn all(fields: &[Field<'_>], each: impl Fn(&Field<'_>) -> Result<TokenStream>) -> Result<Vec<TokenStream>> {
    gathered(fields.iter().map(each))
}

/// All of them, or all of their mistakes in one error.
fn gathered<T>(results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let mut mistakes: Option<Error> = None;
    for result in results {
        match (result, &mut mistakes) {
            (Ok(value), _) => values.push(value),
            (Err(error), Some(mistakes)) => mistakes.combine(error),
            (Err(error), None) => mistakes = Some(error),
        }
    }
    mistakes.map_or(Ok(values), Err)
}
