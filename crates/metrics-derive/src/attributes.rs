use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Attribute, Error, Ident, LitInt, LitStr, Path, Result, ext::IdentExt, meta::ParseNestedMeta, parse::Parse,
};

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
        None => found_crate("labels"),
    }
}

/// What `#[label(name = "...", max = 500)]` says.
#[derive(Default)]
pub(crate) struct Label {
    pub(crate) name: Option<LitStr>,
    pub(crate) max: Option<LitInt>,
}

pub(crate) fn label(attributes: &[Attribute]) -> Result<Label> {
    let mut label = Label::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("label"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                once(&mut label.name, &meta)
            } else if meta.path.is_ident("max") {
                once(&mut label.max, &meta)
            } else {
                Err(meta.error("unknown attribute, expected `name = \"...\"` or `max = 500`"))
            }
        })?;
    }
    Ok(label)
}

/// Takes `= value`, which may be there once.
pub(crate) fn once<T: Parse>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    let value = meta.value()?.parse()?;
    if place.replace(value).is_some() {
        return Err(meta.error("given twice"));
    }
    Ok(())
}

/// The name of a field or variant as text, without `r#`.
pub(crate) fn plain(ident: &Ident) -> LitStr {
    LitStr::new(&ident.unraw().to_string(), ident.span())
}

/// Where the metrics crate is by the manifest; `attribute` could say it otherwise.
pub(crate) fn found_crate(attribute: &str) -> Result<TokenStream> {
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
            format!(
                "neither `groundcrew-metrics` nor `groundcrew` is a dependency: say `#[{attribute}(crate = path)]`"
            ),
        )),
    }
}
