use proc_macro2::{Ident, Span};

/// `quote!` as a `macro_rules` macro would write it: its local variables are its own, so that no expression of the
/// caller can mean one of them.
///
/// A pattern would still mean a constant of the caller's with its name. The names of local variables therefore start
/// with `__`, here and in all that generates code.
macro_rules! hygienic {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

pub(crate) use hygienic as quote;

/// A local variable of this kind, for tokens that have a span of the caller's.
pub(crate) fn own(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

/// A local variable of this kind for a field.
pub(crate) fn local(what: &str, field: &Ident) -> Ident {
    quote::format_ident!("__{what}_{}", field, span = Span::mixed_site())
}
