use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{LitStr, Path, spanned::Spanned};

use crate::{
    alias::Alias,
    condition,
    container::Container,
    default_value::DefaultValue,
    field::{Field, Role},
    hygiene::quote,
    rule::RuleKind,
    rule_data::rule_data,
    shape::is,
};

/// The constant table of the variables, in the order of declaration.
pub(crate) fn table(container: &Container, fields: &[Field]) -> syn::Result<TokenStream> {
    let krate = &container.krate;
    let mut entries = Vec::new();
    for field in fields {
        if let Role::Variable(name) = &field.role {
            entries.push(entry(container, field, fields, name)?);
        }
    }
    Ok(quote! {
        #[doc(hidden)]
        const FIELDS: &'static [#krate::__private::Field] = {
            #[allow(unused_imports)]
            use #krate::__private::{NotSecret as _, ViaFromStr as _, ViaSerde as _};
            &[#(#entries),*]
        };
    })
}

/// The variables with those of nested configurations, for what the compiler compares.
pub(crate) fn tree(container: &Container, fields: &[Field]) -> TokenStream {
    let krate = &container.krate;
    let kind = if container.default {
        quote!(Given)
    } else {
        quote!(Nested)
    };
    let mut index = 0_usize;
    let entries = fields.iter().filter_map(|field| match &field.role {
        Role::Skipped => None,
        Role::Nested(prefix) => {
            let inner = &field.shape.inner;
            Some(quote!(#krate::__private::Tree::#kind(#prefix, <#inner as #krate::Config>::TREE)))
        }
        Role::Variable(_) => {
            let at = index;
            index += 1;
            Some(quote!(#krate::__private::Tree::Field(&Self::FIELDS[#at])))
        }
    });
    quote! {
        #[doc(hidden)]
        const TREE: &'static [#krate::__private::Tree] = &[#(#entries),*];
    }
}

fn alias_code(container: &Container, alias: &Alias) -> TokenStream {
    let krate = &container.krate;
    let name = format!("{}{}", container.prefix, alias.name.value());
    let since = alias.since.iter().map(|version| quote!(.since(#version)));
    let until = alias.until.iter().map(|version| quote!(.until(#version)));
    quote!(#krate::__private::Alias::new(#name) #(#since)* #(#until)*)
}

fn entry(container: &Container, field: &Field, fields: &[Field], name: &LitStr) -> syn::Result<TokenStream> {
    let krate = &container.krate;
    let path = field.name();
    let mut calls = Vec::new();
    if !field.description.is_empty() {
        let text = &field.description;
        calls.push(quote!(.description(#text)));
    }
    calls.extend(field.unit.iter().map(|unit| quote!(.unit(#unit))));
    if is_required(container, field) {
        calls.push(quote!(.required()));
    }
    if field.public {
        calls.push(quote!(.public()));
    }
    if field.profile {
        calls.push(quote!(.profile()));
    }
    if field.shape.element.is_some() {
        calls.push(quote!(.list()));
    }
    calls.push(value_type(krate, field));
    calls.push(secret(krate, field));
    calls.extend(field.pointer().map(|pointer| match field.has_file() {
        true => quote!(.file(#pointer)),
        false => quote!(.file_of_secret(#pointer)),
    }));
    calls.push(other_names(container, field));
    calls.extend(profile_defaults(field));
    calls.extend(condition::code(container, field, fields));
    calls.extend(rules(krate, field, fields)?);
    Ok(quote!(#krate::__private::Field::new(#name, #path) #(#calls)*))
}

/// What the text is read as, by the same choice of trait as the read itself.
fn value_type(krate: &Path, field: &Field) -> TokenStream {
    let list = field.shape.element.as_ref();
    let ty = list.unwrap_or(&field.shape.inner);
    let of = if field.from_str {
        quote!(#krate::__private::ViaFromStr::value_type(&#krate::__private::Via::<#ty>::NEW))
    } else {
        quote_spanned!(ty.span()=> (&&#krate::__private::Via::<#ty>::NEW).value_type())
    };
    if list.is_some() {
        let distinct = is(&field.shape.inner, &["BTreeSet", "HashSet"]);
        quote!(.value_type(|| #krate::__private::ValueType::list(#of, #distinct)))
    } else {
        quote!(.value_type(|| #of))
    }
}

/// The names that the variable had before, and whether it is to go away itself.
fn other_names(container: &Container, field: &Field) -> TokenStream {
    let aliases = field.aliases.iter().map(|alias| alias_code(container, alias));
    let aliases = (!field.aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
    let deprecated = field.deprecated.iter().map(|note| quote!(.deprecated(#note)));
    quote!(#aliases #(#deprecated)*)
}

fn profile_defaults(field: &Field) -> Option<TokenStream> {
    let defaults = field.profile_defaults.iter().map(|(profile, text)| {
        let profile = profile.to_string();
        quote!((#profile, #text))
    });
    (!field.profile_defaults.is_empty()).then(|| quote!(.profile_defaults(&[#(#defaults),*])))
}

/// Asks the compiler too, which sees through aliases of types.
fn secret(krate: &Path, field: &Field) -> TokenStream {
    let ty = &field.ty;
    if field.secret || field.shape.secret {
        quote!(.secret(true))
    } else {
        quote!(.secret(<#krate::__private::Probe<#ty>>::SECRET))
    }
}

fn rules(krate: &Path, field: &Field, fields: &[Field]) -> syn::Result<Option<TokenStream>> {
    let mut rules = Vec::new();
    for rule in &field.rules {
        rules.push(rule_data(krate, rule, field, fields, false)?);
    }
    for rule in &field.element_rules {
        rules.push(rule_data(krate, rule, field, fields, true)?);
    }
    Ok((!rules.is_empty()).then(|| quote!(.rules(|| ::std::vec![#(#rules),*]))))
}

fn is_required(container: &Container, field: &Field) -> bool {
    let by_rule = || {
        field
            .rules
            .iter()
            .any(|rule| matches!(rule.kind, RuleKind::Required))
    };
    let has_default =
        container.default || field.shape.optional || !matches!(field.default, DefaultValue::None);
    field.required || by_rule() || !has_default
}

/// The body of `describe`.
pub(crate) fn describe(container: &Container, fields: &[Field]) -> TokenStream {
    let krate = &container.krate;
    let own = container.default.then(|| {
        quote! {
            let __own: Self;
            let __defaults = match __defaults {
                ::core::option::Option::Some(__defaults) => ::core::option::Option::Some(__defaults),
                ::core::option::Option::None => {
                    __own = <Self as ::core::default::Default>::default();
                    ::core::option::Option::Some(&__own)
                }
            };
        }
    });
    let mut index = 0_usize;
    let calls = fields.iter().map(|field| match &field.role {
        Role::Skipped => TokenStream::new(),
        Role::Nested(prefix) => nested(field, prefix),
        Role::Variable(_) => {
            let text = default_text(krate, field);
            let at = index;
            index += 1;
            quote!(__describe.field(&Self::FIELDS[#at], #text);)
        }
    });
    quote! {
        #[allow(unused_imports)]
        use #krate::__private::{
            TextByDisplay as _, TextBySerialize as _, TextOfSecret as _, TextUnknown as _,
        };
        #own
        #(#calls)*
    }
}

fn nested(field: &Field, prefix: &str) -> TokenStream {
    let Field { ident, shape, .. } = field;
    let (ty, path) = (&shape.inner, field.name());
    if shape.optional {
        quote! {
            __describe.optional::<#ty>(#prefix, #path, __defaults.and_then(|__defaults| __defaults.#ident.as_ref()));
        }
    } else {
        quote!(__describe.nested::<#ty>(#prefix, #path, __defaults.map(|__defaults| &__defaults.#ident));)
    }
}

fn default_text(krate: &Path, field: &Field) -> TokenStream {
    let Field { ident, shape, ty, .. } = field;
    if field.required {
        return quote!(::core::option::Option::None);
    }
    let inner = &shape.inner;
    let own = match &field.default {
        DefaultValue::None => None,
        DefaultValue::Text(text, _) => {
            Some(quote!(::core::option::Option::Some(::std::string::String::from(#text))))
        }
        DefaultValue::Expr(expr) => Some(quote! {{
            let __value: #inner = #expr;
            (&&&&#krate::__private::DefaultText(&__value)).text()
        }}),
        DefaultValue::Trait => Some(quote! {{
            let __value: #ty = ::core::default::Default::default();
            (&&&&#krate::__private::DefaultText(&__value)).text()
        }}),
    };
    let given = quote! {
        __defaults.and_then(|__defaults| (&&&&#krate::__private::DefaultText(&__defaults.#ident)).text())
    };
    match own {
        Some(own) => quote!(#given.or_else(|| #own)),
        None => given,
    }
}
