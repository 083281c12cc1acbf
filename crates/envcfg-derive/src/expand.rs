use proc_macro2::{Ident, TokenStream};
use syn::{Data, DeriveInput, Fields, Generics, parse_quote, spanned::Spanned};

use crate::{
    container::Container,
    default_check,
    errors::Errors,
    field::{Field, Role},
    finish::Finish,
    hygiene::{local, quote},
    metadata, must_match, profile,
    statement::Statement,
    unique_names::{self, Comparison},
};

/// Writes the implementation of `Config`.
pub(crate) fn config(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let container = Container::parse(input, &mut errors);
    let fields = parse_fields(input, &container, &mut errors)?;
    let table = errors.take(metadata::table(&container, &fields));
    let asserts = default_check::check(&fields, &container.krate, &input.generics, &mut errors);
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
        let owned = owned(&input.generics);
        let (generics, arguments, bounds) = owned.split_for_impl();
        quote! {
            #[automatically_derived]
            #[allow(clippy::all, clippy::pedantic, clippy::nursery, unused_qualifications)]
            impl #generics #krate::Config for #ident #arguments #bounds {
                #table

                #tree

                fn load_with(
                    __loader: &mut #krate::__private::Loader<'_>,
                    __defaults: ::core::option::Option<Self>,
                ) -> ::core::option::Option<Self> {
                    #compared
                    #load
                }

                fn describe(
                    __describe: &mut #krate::__private::Describe,
                    __defaults: ::core::option::Option<&Self>,
                ) {
                    #describe
                }
            }
        }
    }
}

/// `Config` wants a type without borrows, which a type with parameters has to promise.
fn owned(generics: &Generics) -> Generics {
    let mut owned = generics.clone();
    if !owned.params.is_empty() {
        let bounds = &mut owned.make_where_clause().predicates;
        bounds.push(parse_quote!(Self: 'static));
    }
    owned
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
    let matches = must_match::code(krate, fields);
    let of_fields = finish.checks_of_fields()?;
    let stand_in = finish.stand_in();
    let schemas = finish.schemas();
    let checks = finish.checks();
    Ok(quote! {
        #[allow(unused_imports)]
        use #krate::__private::{ViaFromStr as _, ViaSerde as _};
        let __mark = __loader.mark();
        #own_defaults
        #profile
        #defaults
        #statements
        #matches
        #[allow(unused_variables)]
        let __follows_rules = __loader.is_clean(__mark);
        #of_fields
        #stand_in
        let __loaded = Self { #(#idents: #values?),* };
        #[allow(unused_variables)]
        let __is_right = __loader.is_clean(__mark);
        #schemas
        #checks
        ::core::option::Option::Some(__loaded)
    })
}

/// Takes the defaults of the struct if none are given.
fn own_defaults(container: &Container) -> Option<TokenStream> {
    container.default.then(|| {
        quote! {
            let __defaults = ::core::option::Option::or_else(__defaults, || {
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
        let (#(#defaults,)*) = match __defaults {
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
            field,
            index,
        };
        statements.extend(finish.judged(field, statement.code()?));
        index += usize::from(matches!(field.role, Role::Variable(_)));
    }
    Ok(statements)
}
