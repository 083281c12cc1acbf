use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::DeriveInput;

use crate::{
    container::Container,
    errors::Errors,
    field::{Field, Role},
    hygiene::own,
};

/// Refuses two fields that read the same variable.
pub(crate) fn check(container: &Container, fields: &[Field], errors: &mut Errors) {
    let mut seen = HashMap::new();
    for field in fields {
        for (name, span) in field.variables(&container.prefix) {
            if let Some(other) = seen.get(&name) {
                let message = format!("`{name}` is read by the field `{other}` already");
                errors.push(syn::Error::new(span, message));
            } else {
                seen.insert(name, &field.ident);
            }
        }
    }
}

/// Where the compiler compares the variables of nested structs, which this macro does not see.
#[derive(Default)]
pub(crate) struct Comparison {
    /// Behind the implementation.
    pub(crate) item: TokenStream,
    /// In the load of a generic struct, whose fields are known only where somebody loads it.
    pub(crate) statement: TokenStream,
}

impl Comparison {
    pub(crate) fn new(container: &Container, input: &DeriveInput, fields: &[Field]) -> Self {
        let is_nested = |field: &&Field| matches!(field.role, Role::Nested(_));
        let Some(nested) = fields.iter().find(is_nested) else {
            return Self::default();
        };
        let (krate, ident, span) = (&container.krate, &input.ident, nested.ident.span());
        let twice = own("twice");
        let compare = |of: TokenStream| {
            quote_spanned! {span=>
                if let ::core::option::Option::Some(#twice) =
                    #krate::__private::duplicate(<#of as #krate::Config>::TREE)
                {
                    ::core::panic!("{}", #twice.text());
                }
            }
        };
        if input.generics.params.is_empty() {
            let compared = compare(quote_spanned!(span=> #ident));
            Self {
                item: quote_spanned! {span=>
                    #[allow(unused_qualifications)]
                    const _: () = #compared;
                },
                ..Self::default()
            }
        } else {
            let compared = compare(quote_spanned!(span=> Self));
            Self {
                statement: quote_spanned!(span=> const { #compared };),
                ..Self::default()
            }
        }
    }
}
