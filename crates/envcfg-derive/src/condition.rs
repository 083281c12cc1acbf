use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{LitStr, Path};

use crate::{
    bound::literal,
    container::Container,
    field::{DefaultValue, Field, Role},
    metadata::has_file,
};

/// The `required_if` and `required_with` conditions of a field as constants.
pub(crate) fn code(container: &Container, field: &Field, fields: &[Field]) -> Option<TokenStream> {
    let krate = &container.krate;
    let conditions = field.conditions.iter().map(|(name, value)| {
        let own = fields.iter().find(|other| is_named(container, other, name));
        let full = own.map_or_else(|| name.to_string(), variable);
        let own = own.map(|other| own_code(container, other, value.is_none()));
        match value {
            Some(value) => quote!(#krate::__private::Condition::equals(#full, #value) #own),
            None => quote!(#krate::__private::Condition::set(#full) #own),
        }
    });
    (!field.conditions.is_empty()).then(|| quote!(.required_if(&[#(#conditions),*])))
}

/// Whether `name` means this field: its variable, with the prefix of the struct or without it.
fn is_named(container: &Container, field: &Field, name: &Ident) -> bool {
    let variable = variable(field);
    let short = variable.strip_prefix(&container.prefix);
    *name == variable || short.is_some_and(|short| *name == short)
}

fn variable(field: &Field) -> String {
    match &field.role {
        Role::Variable(name) => name.value(),
        Role::Nested(_) | Role::Skipped => String::new(),
    }
}

/// `by_file` says whether a file that holds the value counts too: it has one, but nobody reads which.
fn own_code(container: &Container, field: &Field, by_file: bool) -> TokenStream {
    let krate = &container.krate;
    let prefix = &container.prefix;
    let file = match &field.role {
        Role::Variable(name) if by_file && has_file(field, name) => Some(format!("{}_FILE", name.value())),
        _ => None,
    };
    let names = field
        .aliases
        .iter()
        .map(|alias| format!("{prefix}{}", alias.name.value()))
        .chain(file);
    let default = assumed(krate, container, field);
    quote!(.own(&[#(#names),*], #default))
}

fn assumed(krate: &Path, container: &Container, field: &Field) -> TokenStream {
    let assumed = quote!(#krate::__private::Assumed);
    let known = match &field.default {
        DefaultValue::Text(text, _) => Some(text.clone()),
        DefaultValue::Expr(expr) => literal(expr),
        DefaultValue::None | DefaultValue::Trait => None,
    };
    match (known, &field.default) {
        _ if !field.profile_defaults.is_empty() => quote!(#assumed::Unknown),
        (Some(text), _) => quote!(#assumed::Text(#text)),
        (None, DefaultValue::None) if !container.default => quote!(#assumed::Nothing),
        _ => quote!(#assumed::Unknown),
    }
}

/// The default of the field that holds the profile, which must be known before any other field is read.
pub(crate) fn profile_default(field: &Field) -> Option<LitStr> {
    match &field.default {
        DefaultValue::Text(text, span) => Some(LitStr::new(text, *span)),
        _ => None,
    }
}
