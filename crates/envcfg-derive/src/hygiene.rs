use proc_macro2::{Ident, Span};

/// `quote!` as a `macro_rules` macro would write it: its local variables are its own, so that neither can an
/// expression of the caller mean one of them, nor a pattern a constant of the caller's with the same name.
macro_rules! hygienic {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

pub(crate) use hygienic as quote;

/// A local variable of this kind, for tokens that have a span of the caller's.
pub(crate) fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// A local variable of this kind for a field.
pub(crate) fn local(what: &str, field: &Ident) -> Ident {
    quote::format_ident!("{what}_{}", field, span = Span::mixed_site())
}
