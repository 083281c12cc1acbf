use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::Span;
use syn::{Ident, Path, parse_quote};

/// The path to the library from the crate that uses the derive: directly, or through the facade.
pub(crate) fn find() -> Path {
    if let Ok(found) = crate_name("groundcrew-envcfg") {
        let name = ident(&found, "groundcrew_envcfg");
        return parse_quote!(::#name);
    }
    match crate_name("groundcrew") {
        Ok(found) => {
            let name = ident(&found, "groundcrew");
            parse_quote!(::#name::envcfg)
        }
        Err(_) => parse_quote!(::groundcrew_envcfg),
    }
}

fn ident(found: &FoundCrate, own: &str) -> Ident {
    match found {
        FoundCrate::Itself => Ident::new(own, Span::call_site()),
        FoundCrate::Name(name) => Ident::new(name, Span::call_site()),
    }
}
