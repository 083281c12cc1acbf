use proc_macro2::{Ident, TokenStream};
use syn::{LitStr, Token, meta::ParseNestedMeta, parse::ParseStream, punctuated::Punctuated};

use crate::{
    bound::literal,
    container::Container,
    default_value::DefaultValue,
    field::{Field, Role},
    hygiene::quote,
};

/// `NAME` or `NAME = "value"`, separated by commas.
pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<(Ident, Option<LitStr>)>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let condition = |input: ParseStream<'_>| {
        let name: Ident = input.parse()?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok((name, value))
    };
    let all = Punctuated::<_, Token![,]>::parse_terminated_with(&content, condition)?;
    Ok(all.into_iter().collect())
}

/// The `required_if` and `required_with` conditions of a field as constants.
pub(crate) fn code(container: &Container, field: &Field, fields: &[Field]) -> Option<TokenStream> {
    let krate = &container.krate;
    let conditions = field.conditions.iter().map(|(name, value)| {
        let own = fields.iter().find(|other| is_named(container, other, name));
        let full = own.map_or_else(|| name.to_string(), variable);
        let own = own.map(|other| own_code(container, other));
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

/// What there is to know about a variable of the same struct.
fn own_code(container: &Container, field: &Field) -> TokenStream {
    let prefix = &container.prefix;
    let aliases = field
        .aliases
        .iter()
        .map(|alias| format!("{prefix}{}", alias.name.value()));
    let default = assumed(container, field);
    let file = field.pointer().map(|pointer| quote!(.file(#pointer)));
    quote!(.own(&[#(#aliases),*], #default) #file)
}

/// The default for all profiles, unless an outer struct gives another.
fn assumed(container: &Container, field: &Field) -> TokenStream {
    let krate = &container.krate;
    let assumed = quote!(#krate::__private::Assumed);
    let known = match &field.default {
        DefaultValue::Text(text, _) => Some(text.clone()),
        DefaultValue::Expr(expr) => literal(expr),
        DefaultValue::None | DefaultValue::Trait => None,
    };
    match (known, &field.default) {
        (Some(text), _) => quote!(#assumed::Text(#text)),
        (None, DefaultValue::None) if !container.default => quote!(#assumed::Nothing),
        _ => quote!(#assumed::Unknown),
    }
}
