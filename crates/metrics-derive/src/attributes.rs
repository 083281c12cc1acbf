use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, Ident, LitStr, Path, Result, ext::IdentExt};

/// Where the metrics crate is: as `#[labels(crate = ...)]` says, else as the manifest says.
pub(crate) fn metrics_crate(attributes: &[Attribute]) -> Result<TokenStream> {
    let mut path: Option<Path> = None;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("labels"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown attribute, expected `crate = path`"));
            }
            path = Some(meta.value()?.call(Path::parse_mod_style)?);
            Ok(())
        })?;
    }
    match path {
        Some(path) => Ok(quote!(#path)),
        None => found_crate(),
    }
}

/// The value of `#[label(name = "...")]`, if it is there.
pub(crate) fn label_name(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut name = None;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("label"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("unknown attribute, expected `name = \"...\"`"));
            }
            let value: LitStr = meta.value()?.parse()?;
            if name.replace(value).is_some() {
                return Err(meta.error("the name is given twice"));
            }
            Ok(())
        })?;
    }
    Ok(name)
}

/// The name of a field or variant as text, without `r#`.
pub(crate) fn plain(ident: &Ident) -> LitStr {
    LitStr::new(&ident.unraw().to_string(), ident.span())
}

fn found_crate() -> Result<TokenStream> {
    let absolute = |name: &str| {
        let ident = format_ident!("{name}");
        quote!(::#ident)
    };
    // `Itself` is also what an example or a test of the crate finds, where `crate` is something else: the
    // crate gives itself its own name instead.
    match crate_name("groundcrew-metrics") {
        Ok(FoundCrate::Itself) => return Ok(quote!(::groundcrew_metrics)),
        Ok(FoundCrate::Name(name)) => return Ok(absolute(&name)),
        Err(_) => {}
    }
    match crate_name("groundcrew") {
        Ok(FoundCrate::Itself) => Ok(quote!(::groundcrew::metrics)),
        Ok(FoundCrate::Name(name)) => {
            let facade = absolute(&name);
            Ok(quote!(#facade::metrics))
        }
        Err(_) => Err(Error::new(
            Span::call_site(),
            "neither `groundcrew-metrics` nor `groundcrew` is a dependency: say `#[labels(crate = path)]`",
        )),
    }
}
