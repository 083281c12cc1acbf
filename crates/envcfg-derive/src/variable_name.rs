use syn::{LitStr, meta::ParseNestedMeta};

/// `attribute = "NAME"`.
pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    checked(meta.value()?.parse()?)
}

/// `name`, if an environment can have a variable of this name.
pub(crate) fn checked(name: LitStr) -> syn::Result<LitStr> {
    let text = name.value();
    if text.is_empty() || text.contains(['=', '\0']) || text.contains(char::is_whitespace) {
        return Err(syn::Error::new(name.span(), "not a name of a variable"));
    }
    Ok(name)
}
