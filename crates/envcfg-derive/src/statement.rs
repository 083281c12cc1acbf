use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::{Type, spanned::Spanned};

use crate::{
    container::Container,
    default_value::DefaultValue,
    field::{Field, Role},
    hygiene::{local, own, quote},
    rule::RuleKind,
    rule_code::{self, RuleCode},
};

/// The statements that load one field.
pub(crate) struct Statement<'f> {
    pub(crate) container: &'f Container,
    pub(crate) field: &'f Field,
    /// Its place in the table of the variables.
    pub(crate) index: usize,
}

impl Statement<'_> {
    pub(crate) fn code(&self) -> syn::Result<TokenStream> {
        match &self.field.role {
            Role::Skipped => Ok(self.skipped()),
            Role::Nested(prefix) => Ok(self.nested(prefix)),
            Role::Variable(_) => self.variable(),
        }
    }

    fn name(&self, what: &str) -> Ident {
        local(what, &self.field.ident)
    }

    fn skipped(&self) -> TokenStream {
        let (value, default, ty) = (self.name("value"), self.name("default"), &self.field.ty);
        if self.container.default {
            return quote!(let #value: ::core::option::Option<#ty> = #default;);
        }
        quote! {
            let #value: ::core::option::Option<#ty> =
                ::core::option::Option::Some(::core::option::Option::unwrap_or_default(#default));
        }
    }

    fn nested(&self, prefix: &str) -> TokenStream {
        let krate = &self.container.krate;
        let (value, default, ty) = (self.name("value"), self.name("default"), &self.field.ty);
        let (inner, path) = (&self.field.shape.inner, self.field.name());
        let loader = own("loader");
        let load = |default: TokenStream| {
            quote_spanned! {inner.span()=>
                #loader.nested(#prefix, #path, |#loader| <#inner as #krate::Config>::load_with(#loader, #default))
            }
        };
        let code = if self.field.shape.optional {
            let load = load(quote!(::core::option::Option::flatten(#default)));
            quote! {
                if __loader.any_set(#prefix, <#inner as #krate::Config>::TREE)
                    || ::core::matches!(#default, ::core::option::Option::Some(::core::option::Option::Some(_)))
                {
                    #load.map(::core::option::Option::Some)
                } else {
                    ::core::option::Option::Some(::core::option::Option::None)
                }
            }
        } else {
            load(quote!(#default))
        };
        quote!(let #value: ::core::option::Option<#ty> = #code;)
    }

    fn variable(&self) -> syn::Result<TokenStream> {
        let index = self.index;
        let (value, found, default) = (self.name("value"), self.name("found"), self.name("default"));
        let ty = &self.field.ty;
        let read = self.read();
        let wrapped = self
            .field
            .shape
            .optional
            .then(|| quote!(.map(::core::option::Option::Some)));
        let absent = self.absent();
        let or_text = self.or_text(&found, &default);
        let rules = RuleCode {
            krate: &self.container.krate,
            field: self.field,
            index,
            found: &found,
        }
        .checks(&value)?;
        let krate = &self.container.krate;
        Ok(quote! {
            let #found = __loader.look(&Self::FIELDS[#index]);
            #or_text
            let #value: ::core::option::Option<#ty> = match &#found {
                #krate::__private::Found::Text(__raw) => #read #wrapped,
                #krate::__private::Found::Unset => #absent,
                #krate::__private::Found::Failed => ::core::option::Option::None,
            };
            #rules
        })
    }

    fn read(&self) -> TokenStream {
        let (krate, index) = (&self.container.krate, self.index);
        let shape = &self.field.shape;
        match &shape.element {
            Some(element) => {
                let inner = &shape.inner;
                let leaf = self.leaf(element, &quote!(__leaf));
                quote! {
                    __loader.take_list::<#element, #inner>(
                        &Self::FIELDS[#index],
                        __raw,
                        |__leaf: #krate::__private::Leaf<'_>| #leaf,
                    )
                }
            }
            None => {
                let leaf = self.leaf(&shape.inner, &quote!(__raw.leaf(&Self::FIELDS[#index])));
                quote!({ let __read = #leaf; __loader.take(&Self::FIELDS[#index], __raw, __read) })
            }
        }
    }

    fn leaf(&self, ty: &Type, leaf: &TokenStream) -> TokenStream {
        let krate = &self.container.krate;
        if self.field.from_str {
            quote_spanned!(ty.span()=> #krate::__private::ViaFromStr::read(&#krate::__private::Via::<#ty>::NEW, #leaf))
        } else {
            quote_spanned!(ty.span()=> (&&#krate::__private::Via::<#ty>::NEW).read(#leaf))
        }
    }

    fn absent(&self) -> TokenStream {
        let (index, default) = (self.index, self.name("default"));
        let shape = &self.field.shape;
        let missing = match self.required_rule() {
            Some(missing) => missing,
            None => quote!(__loader.missing(&Self::FIELDS[#index]);),
        };
        let missing = quote!({ #missing ::core::option::Option::None });
        if self.field.required {
            return missing;
        }
        let own = match &self.field.default {
            DefaultValue::Trait => quote!(::core::option::Option::Some(::core::default::Default::default())),
            DefaultValue::Expr(expr) => {
                let inner = &shape.inner;
                let wrapped = shape.optional.then(|| quote!(.map(::core::option::Option::Some)));
                quote!({ let __own: #inner = #expr; ::core::option::Option::Some(__own) #wrapped })
            }
            // The rule `required` looks at the value afterwards.
            DefaultValue::None if shape.optional => {
                quote!(::core::option::Option::Some(::core::option::Option::None))
            }
            DefaultValue::None | DefaultValue::Text(..) => missing,
        };
        quote! {
            match #default {
                ::core::option::Option::Some(__given) => ::core::option::Option::Some(__given),
                ::core::option::Option::None => #own,
            }
        }
    }

    fn required_rule(&self) -> Option<TokenStream> {
        let rule = self
            .field
            .rules
            .iter()
            .find(|rule| matches!(rule.kind, RuleKind::Required))?;
        Some(rule_code::missing(rule, self.index))
    }

    /// A default that is text takes the same way as a variable.
    fn or_text(&self, found: &Ident, default: &Ident) -> Option<TokenStream> {
        let DefaultValue::Text(text, _) = &self.field.default else {
            return None;
        };
        Some(quote! {
            let #found = if #default.is_none() {
                __loader.or_text(#found, #text)
            } else {
                #found
            };
        })
    }
}
