use proc_macro2::TokenStream;

use crate::{
    container::Container,
    default_value::DefaultValue,
    field::{Field, Role},
    hygiene::quote,
};

/// Tells the loader which profile this is before any field asks.
pub(crate) fn code(container: &Container, fields: &[Field]) -> syn::Result<Option<TokenStream>> {
    let mut found = None;
    let variables = fields
        .iter()
        .filter(|field| matches!(field.role, Role::Variable(_)));
    for (index, field) in variables.enumerate().filter(|(_, field)| field.profile) {
        if found.is_some() {
            let message = "another field is the `profile` already";
            return Err(syn::Error::new(field.ident.span(), message));
        }
        let default = default(container, field);
        found = Some(quote!(__loader.learn_profile(&Self::FIELDS[#index], || #default);));
    }
    Ok(found)
}

/// The default of the field that holds the profile, which must be known before any field is read.
///
/// A default of its own that cannot be written as a text does not compile: no profile would have its defaults.
fn default(container: &Container, field: &Field) -> TokenStream {
    let (krate, ident) = (&container.krate, &field.ident);
    if field.required {
        return quote!(::core::option::Option::None);
    }
    // One that an outer struct gives may be of a type that only a text in the environment makes.
    let may_be_unknown = (!container.default).then(|| quote!(TextUnknown as _,));
    let own = own(container, field);
    quote! {
        match &__defaults {
            ::core::option::Option::Some(__given) => {
                #[allow(unused_imports)]
                use #krate::__private::{#may_be_unknown TextByDisplay as _, TextBySerialize as _};
                (&&&#krate::__private::DefaultText(&__given.#ident)).text().map(::std::borrow::Cow::Owned)
            }
            ::core::option::Option::None => #own,
        }
    }
}

fn own(container: &Container, field: &Field) -> TokenStream {
    let krate = &container.krate;
    let (ty, inner) = (&field.ty, &field.shape.inner);
    let value = match &field.default {
        DefaultValue::None => return quote!(::core::option::Option::None),
        DefaultValue::Text(text, _) => {
            return quote!(::core::option::Option::Some(::std::borrow::Cow::Borrowed(#text)));
        }
        DefaultValue::Expr(expr) => quote!(let __own: #inner = #expr;),
        DefaultValue::Trait => quote!(let __own: #ty = ::core::default::Default::default();),
    };
    quote! {{
        #[allow(unused_imports)]
        use #krate::__private::{TextByDisplay as _, TextBySerialize as _};
        #value
        (&&&#krate::__private::DefaultText(&__own)).text().map(::std::borrow::Cow::Owned)
    }}
}
