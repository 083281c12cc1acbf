use std::time::Duration;

use groundcrew_base::parse_duration;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Result, meta::ParseNestedMeta, spanned::Spanned as _};

/// How long a series stays that is not used: a text such as `10m`, or an expression of a `Duration`.
pub(crate) enum Expire {
    After(Duration, Span),
    Given(Box<Expr>),
}

impl Expire {
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        match meta.value()?.parse()? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Ok(Self::After(read(&text)?, text.span())),
            Expr::Lit(number) => Err(Error::new_spanned(
                number,
                "expected a duration with its unit, such as `\"10m\"`",
            )),
            expr => Ok(Self::Given(Box::new(expr))),
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::After(_, span) => *span,
            Self::Given(expr) => expr.span(),
        }
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::After(idle, _) => {
                let (seconds, nanos) = (idle.as_secs(), idle.subsec_nanos());
                quote!(::core::time::Duration::new(#seconds, #nanos))
            }
            Self::Given(expr) => quote!(#expr),
        }
    }
}

fn read(text: &LitStr) -> Result<Duration> {
    let idle = parse_duration(&text.value()).map_err(|error| {
        Error::new(
            text.span(),
            format!("{error}: expected a duration such as `10m` or `1h30m`"),
        )
    })?;
    if idle < Duration::from_secs(1) {
        return Err(Error::new(text.span(), "a series stays for a second at least"));
    }
    Ok(idle)
}
