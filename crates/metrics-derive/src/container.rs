use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, LitStr, Path, Result, meta::ParseNestedMeta};

use crate::{attributes, name};

/// What `#[metrics(...)]` says.
pub(crate) struct Container {
    pub(crate) metrics: TokenStream,
    pub(crate) prefix: Option<LitStr>,
}

impl Container {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut path: Option<Path> = None;
        let mut prefix: Option<LitStr> = None;
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("metrics"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    path = Some(meta.value()?.call(Path::parse_mod_style)?);
                    Ok(())
                } else if meta.path.is_ident("prefix") {
                    take_prefix(&mut prefix, &meta)
                } else {
                    Err(meta
                        .error("unknown attribute of a group, expected `prefix = \"...\"` or `crate = path`"))
                }
            })?;
        }
        Ok(Self {
            metrics: match path {
                Some(path) => quote!(#path),
                None => attributes::found_crate("metrics")?,
            },
            prefix,
        })
    }
}

/// Takes `= "prefix"`, which may be there once.
pub(crate) fn take_prefix(place: &mut Option<LitStr>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    attributes::once(place, meta)?;
    place.as_ref().map_or(Ok(()), name::check_prefix)
}
