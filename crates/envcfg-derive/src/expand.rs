use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::{Data, DeriveInput, Fields, Path, Type, spanned::Spanned};

use crate::{
    container::Container,
    default_check,
    default_value::DefaultValue,
    errors::Errors,
    field::{Field, Role},
    finish::Finish,
    hygiene::{local, own, quote},
    metadata, profile,
    rule::RuleKind,
    rule_code::{self, RuleCode},
    unique_names::{self, Comparison},
};

/// Writes the implementation of `Config`.
pub(crate) fn config(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let container = Container::parse(input, &mut errors);
    let fields = parse_fields(input, &container, &mut errors)?;
    let table = errors.take(metadata::table(&container, &fields));
    let asserts = default_check::check(&fields, &container.krate, &mut errors);
    let load = errors.take(load(&container, &fields));
    errors.finish()?;
    let unique = Comparison::new(&container, input, &fields);
    let parts = Parts {
        table: table.unwrap_or_default(),
        tree: metadata::tree(&container, &fields),
        compared: unique.statement,
        load: load.unwrap_or_default(),
        describe: metadata::describe(&container, &fields),
    };
    let implementation = parts.implementation(&container, input);
    let item = unique.item;
    Ok(quote!(#implementation #asserts #item))
}

/// What is in the implementation.
struct Parts {
    table: TokenStream,
    tree: TokenStream,
    compared: TokenStream,
    load: TokenStream,
    describe: TokenStream,
}

impl Parts {
    fn implementation(&self, container: &Container, input: &DeriveInput) -> TokenStream {
        let Self {
            table,
            tree,
            compared,
            load,
            describe,
        } = self;
        let (krate, ident) = (&container.krate, &input.ident);
        let (generics, arguments, bounds) = input.generics.split_for_impl();
        quote! {
            #[automatically_derived]
            #[allow(clippy::all, clippy::pedantic, clippy::nursery, unused_qualifications)]
            impl #generics #krate::Config for #ident #arguments #bounds {
                #table

                #tree

                fn load_with(
                    loader: &mut #krate::__private::Loader<'_>,
                    defaults: ::core::option::Option<Self>,
                ) -> ::core::option::Option<Self> {
                    #compared
                    #load
                }

                fn describe(
                    describe: &mut #krate::__private::Describe,
                    defaults: ::core::option::Option<&Self>,
                ) {
                    #describe
                }
            }
        }
    }
}

fn parse_fields(input: &DeriveInput, container: &Container, errors: &mut Errors) -> syn::Result<Vec<Field>> {
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => &named.named,
            other => return Err(syn::Error::new(other.span(), "`Config` needs fields with names")),
        },
        Data::Enum(data) => {
            let message = "`Config` is for structs; an enum that is one value derives `serde::Deserialize`";
            return Err(syn::Error::new(data.enum_token.span, message));
        }
        Data::Union(data) => return Err(syn::Error::new(data.union_token.span, "`Config` is for structs")),
    };
    let fields: Vec<Field> = named
        .iter()
        .filter_map(|field| errors.take(Field::parse(field, container)))
        .collect();
    unique_names::check(container, &fields, errors);
    Ok(fields)
}

fn load(container: &Container, fields: &[Field]) -> syn::Result<TokenStream> {
    let krate = &container.krate;
    let idents: Vec<&Ident> = fields.iter().map(|field| &field.ident).collect();
    let values = idents.iter().map(|ident| local("value", ident));
    let finish = Finish { container, fields };
    let own_defaults = own_defaults(container);
    let profile = profile::code(container, fields)?;
    let defaults = defaults(&idents);
    let statements = statements(container, fields, &finish)?;
    let matches = must_match(krate, fields);
    let of_fields = finish.checks_of_fields()?;
    let stand_in = finish.stand_in();
    let schemas = finish.schemas();
    let checks = finish.checks();
    Ok(quote! {
        #[allow(unused_imports)]
        use #krate::__private::{ViaFromStr as _, ViaSerde as _};
        let mark = loader.mark();
        #own_defaults
        #profile
        #defaults
        #statements
        #matches
        #[allow(unused_variables)]
        let follows_rules = loader.is_clean(mark);
        #of_fields
        #stand_in
        let loaded = Self { #(#idents: #values?),* };
        #[allow(unused_variables)]
        let is_right = loader.is_clean(mark);
        #schemas
        #checks
        ::core::option::Option::Some(loaded)
    })
}

/// Takes the defaults of the struct if none are given.
fn own_defaults(container: &Container) -> Option<TokenStream> {
    container.default.then(|| {
        quote! {
            let defaults = ::core::option::Option::or_else(defaults, || {
                ::core::option::Option::Some(<Self as ::core::default::Default>::default())
            });
        }
    })
}

/// Takes the defaults apart into one variable a field.
fn defaults(idents: &[&Ident]) -> TokenStream {
    let defaults: Vec<Ident> = idents.iter().map(|ident| local("default", ident)).collect();
    let nones = defaults.iter().map(|_| quote!(::core::option::Option::None));
    quote! {
        #[allow(unused_variables)]
        let (#(#defaults,)*) = match defaults {
            ::core::option::Option::Some(Self { #(#idents: #defaults),* }) => (#(::core::option::Option::Some(#defaults),)*),
            ::core::option::Option::None => (#(#nones,)*),
        };
    }
}

fn statements(container: &Container, fields: &[Field], finish: &Finish<'_>) -> syn::Result<TokenStream> {
    let mut index = 0;
    let mut statements = TokenStream::new();
    for field in fields {
        let statement = Statement {
            container,
            krate: &container.krate,
            field,
            index,
        };
        statements.extend(finish.judged(field, statement.code()?));
        index += usize::from(matches!(field.role, Role::Variable(_)));
    }
    Ok(statements)
}

/// The statements that load one field.
struct Statement<'f> {
    container: &'f Container,
    krate: &'f Path,
    field: &'f Field,
    index: usize,
}

impl Statement<'_> {
    fn code(&self) -> syn::Result<TokenStream> {
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
        let krate = self.krate;
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
                if loader.any_set(#prefix, <#inner as #krate::Config>::TREE) {
                    #load.map(::core::option::Option::Some)
                } else {
                    ::core::option::Option::Some(::core::option::Option::flatten(#default))
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
            krate: self.krate,
            field: self.field,
            index,
            found: &found,
        }
        .checks(&value)?;
        let krate = self.krate;
        Ok(quote! {
            let #found = loader.look(&Self::FIELDS[#index]);
            #or_text
            let #value: ::core::option::Option<#ty> = match &#found {
                #krate::__private::Found::Text(raw) => #read #wrapped,
                #krate::__private::Found::Unset => #absent,
                #krate::__private::Found::Failed => ::core::option::Option::None,
            };
            #rules
        })
    }

    fn read(&self) -> TokenStream {
        let (krate, index) = (self.krate, self.index);
        let shape = &self.field.shape;
        match &shape.element {
            Some(element) => {
                let inner = &shape.inner;
                let leaf = self.leaf(element, &quote!(leaf));
                quote! {
                    loader.take_list::<#element, #inner>(
                        &Self::FIELDS[#index],
                        raw,
                        |leaf: #krate::__private::Leaf<'_>| #leaf,
                    )
                }
            }
            None => {
                let leaf = self.leaf(&shape.inner, &quote!(raw.leaf(&Self::FIELDS[#index])));
                quote!({ let read = #leaf; loader.take(&Self::FIELDS[#index], raw, read) })
            }
        }
    }

    fn leaf(&self, ty: &Type, leaf: &TokenStream) -> TokenStream {
        let krate = self.krate;
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
            None => quote!(loader.missing(&Self::FIELDS[#index]);),
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
                quote!({ let own: #inner = #expr; ::core::option::Option::Some(own) #wrapped })
            }
            // The rule `required` looks at the value afterwards.
            DefaultValue::None if shape.optional => {
                quote!(::core::option::Option::Some(::core::option::Option::None))
            }
            DefaultValue::None | DefaultValue::Text(..) => missing,
        };
        quote! {
            match #default {
                ::core::option::Option::Some(given) => ::core::option::Option::Some(given),
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
        let index = self.index;
        Some(quote! {
            let #found = if #default.is_none() {
                loader.or_text(#found, &Self::FIELDS[#index], #text)
            } else {
                #found
            };
        })
    }
}

/// `must_match` needs both fields, and so comes after all of them.
fn must_match(krate: &Path, fields: &[Field]) -> TokenStream {
    let mut out = TokenStream::new();
    let mut index = 0_usize;
    for field in fields {
        let (value, found) = (local("value", &field.ident), local("found", &field.ident));
        for (position, rule) in field.rules.iter().enumerate() {
            if let RuleKind::MustMatch(other) = &rule.kind {
                let other = local("value", other);
                out.extend(quote! {
                    if let (::core::option::Option::Some(a), ::core::option::Option::Some(b)) = (&#value, &#other) {
                        if !#krate::__private::validator::validate_must_match(a, b) {
                            loader.broken(
                                &Self::FIELDS[#index], &#found, #position, ::core::option::Option::None,
                            );
                        }
                    }
                });
            }
        }
        index += usize::from(matches!(field.role, Role::Variable(_)));
    }
    out
}
