use syn::{Ident, LitStr, Token, meta::ParseNestedMeta};

use crate::variable_name;

/// A name that the variable had before.
pub(crate) struct Alias {
    pub(crate) name: LitStr,
    pub(crate) since: Option<LitStr>,
    pub(crate) until: Option<LitStr>,
}

impl Alias {
    /// `alias = "OLD"` or `alias("OLD", since = "1.4", until = "2.0")`.
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let (mut since, mut until) = (None, None);
        if meta.input.peek(Token![=]) {
            let name = variable_name::parse(meta)?;
            return Ok(Self { name, since, until });
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let name = variable_name::checked(content.parse()?)?;
        while content.parse::<Option<Token![,]>>()?.is_some() && !content.is_empty() {
            let key: Ident = content.parse()?;
            content.parse::<Token![=]>()?;
            let version = Some(content.parse()?);
            match key.to_string().as_str() {
                "since" => since = version,
                "until" => until = version,
                _ => return Err(syn::Error::new(key.span(), "expected `since` or `until`")),
            }
        }
        Ok(Self { name, since, until })
    }
}
