use proc_macro2::{Ident, TokenStream};

use crate::{
    container::{Check, Container, Schema},
    field::Field,
    hygiene::{local, quote},
    shape::{is, is_number},
};

/// Writes what comes after the fields: the checks over several of them and over the whole struct.
pub(crate) struct Finish<'f> {
    pub(crate) container: &'f Container,
    pub(crate) fields: &'f [Field],
}

impl Finish<'_> {
    /// The statements of a field, and whether it is right if anybody asks later.
    pub(crate) fn judged(&self, field: &Field, statements: TokenStream) -> TokenStream {
        if !self.has_stand_in() && !self.is_checked(&field.ident) {
            return statements;
        }
        let (before, right) = (local("before", &field.ident), local("right", &field.ident));
        quote! {
            let #before = __loader.mark();
            #statements
            let #right = __loader.is_clean(#before);
        }
    }

    /// The checks that name the fields they take.
    pub(crate) fn checks_of_fields(&self) -> syn::Result<TokenStream> {
        let checks = self
            .container
            .checks
            .iter()
            .filter(|check| !check.fields.is_empty());
        checks.map(|check| self.check_of_fields(check)).collect()
    }

    /// Runs the checks of the whole although some fields are wrong, with the defaults of these.
    pub(crate) fn stand_in(&self) -> Option<TokenStream> {
        let fields = self.fields.iter().map(|field| {
            let (ident, value, right) = (
                &field.ident,
                local("value", &field.ident),
                local("right", &field.ident),
            );
            quote! {
                if let (true, ::core::option::Option::Some(__value)) = (#right, #value) {
                    __loaded.#ident = __value;
                }
            }
        });
        let known = self.fields.iter().map(|field| {
            let (name, right) = (field.name(), local("right", &field.ident));
            quote!((#name, #right))
        });
        let checks = self
            .container
            .checks
            .iter()
            .filter(|check| check.fields.is_empty());
        let functions = checks.map(|check| &check.function);
        self.has_stand_in().then(|| {
            quote! {
                if !__loader.is_clean(__mark) {
                    let mut __loaded = <Self as ::core::default::Default>::default();
                    let __known = [#(#known),*];
                    #(#fields)*
                    #(__loader.check(Self::FIELDS, &__known, |__checks| (#functions)(&__loaded, __checks));)*
                    return ::core::option::Option::None;
                }
            }
        })
    }

    /// The checks of the whole, once every field is right.
    pub(crate) fn checks(&self) -> Option<TokenStream> {
        let checks = self
            .container
            .checks
            .iter()
            .filter(|check| check.fields.is_empty());
        let mut functions = checks.map(|check| &check.function).peekable();
        functions.peek()?;
        Some(quote! {
            if __is_right {
                #(__loader.check(Self::FIELDS, &[], |__checks| (#functions)(&__loaded, __checks));)*
            }
        })
    }

    /// The validator crate's checks of the whole, in order; most wait for the rules of the fields.
    pub(crate) fn schemas(&self) -> TokenStream {
        self.container.schemas.iter().map(schema).collect()
    }

    fn has_stand_in(&self) -> bool {
        let whole = self.container.checks.iter().any(|check| check.fields.is_empty());
        let always = self.container.schemas.iter().any(|schema| schema.always);
        self.container.default && whole && !always
    }

    fn is_checked(&self, ident: &Ident) -> bool {
        self.container
            .checks
            .iter()
            .any(|check| check.fields.contains(ident))
    }

    fn check_of_fields(&self, check: &Check) -> syn::Result<TokenStream> {
        let mut arguments = Vec::new();
        for name in &check.fields {
            let field = self.fields.iter().find(|field| field.ident == *name);
            let field =
                field.ok_or_else(|| syn::Error::new(name.span(), "no field of this struct has this name"))?;
            // As the validator crate hands numbers to a custom rule: by value.
            let by_value = is_number(&field.ty) || is(&field.ty, &["bool", "char"]);
            let taken = local("taken", name);
            arguments.push(if by_value { quote!(*#taken) } else { quote!(#taken) });
        }
        let function = &check.function;
        let [takens, values, rights] =
            ["taken", "value", "right"].map(|what| check.fields.iter().map(move |name| local(what, name)));
        Ok(quote! {
            if let (#(::core::option::Option::Some(#takens),)* true) = (#(&#values,)* #(#rights)&&*) {
                __loader.check(Self::FIELDS, &[], |__checks| (#function)(#(#arguments,)* __checks));
            }
        })
    }
}

fn schema(schema: &Schema) -> TokenStream {
    let Schema {
        function,
        message,
        code,
        always,
    } = schema;
    let message = match message {
        Some(text) => quote!(#text),
        None => quote!(__error.message.as_deref().unwrap_or(&__error.code)),
    };
    let code = match code {
        Some(code) => quote!(::std::borrow::Cow::Borrowed(#code)),
        None => quote!(::core::clone::Clone::clone(&__error.code)),
    };
    let runs = if *always {
        quote!(true)
    } else {
        quote!(__follows_rules)
    };
    quote! {
        if #runs {
            if let ::core::result::Result::Err(__error) = #function(&__loaded) {
                __loader.broken_overall(#code, #message);
            }
        }
    }
}
