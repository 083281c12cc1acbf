use groundcrew_base::{ByteSize, format_duration, parse_duration};
use proc_macro2::TokenStream;
use syn::{Expr, ExprLit, ExprUnary, Lit, Path, UnOp, spanned::Spanned};

use crate::{hygiene::quote, number::Number, shape::Measure};

/// A bound of a range or a default, as far as it is known at compile time.
pub(crate) struct Bound {
    /// The value as an expression of the field's type.
    pub(crate) value: TokenStream,
    /// The value as people read it, as an expression of type `String`.
    pub(crate) text: TokenStream,
    /// The value to compare with others, if it is a literal: a number, nanoseconds or bytes.
    pub(crate) number: Option<Number>,
}

impl Bound {
    /// Takes `expr` as a value of a type with this measure, bare numbers in `unit`.
    pub(crate) fn new(expr: &Expr, measure: Measure, unit: Option<&str>, krate: &Path) -> syn::Result<Self> {
        let literal = literal(expr);
        match (measure, literal) {
            (Measure::Time, Some(literal)) => time(expr, &with_unit(&literal, unit)),
            (Measure::Bytes, Some(literal)) => bytes(expr, &with_unit(&literal, unit), krate),
            (Measure::None, Some(literal)) => Ok(Self {
                value: quote!(#expr),
                text: quote!(::std::string::String::from(#literal)),
                number: Number::parse(&literal),
            }),
            (measure, None) => Ok(Self {
                value: quote!(#expr),
                text: match measure {
                    Measure::Time => quote!(#krate::__private::format_duration(#expr)),
                    Measure::Bytes => quote!(::std::string::ToString::to_string(&#expr)),
                    Measure::None => quote!(::std::format!("{:?}", #expr)),
                },
                number: None,
            }),
        }
    }
}

fn time(expr: &Expr, text: &str) -> syn::Result<Bound> {
    let duration = parse_duration(text).map_err(|error| syn::Error::new(expr.span(), error))?;
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let text = format_duration(duration);
    Ok(Bound {
        value: quote!(::std::time::Duration::new(#seconds, #nanos)),
        text: quote!(::std::string::String::from(#text)),
        number: duration.as_nanos().try_into().ok().map(Number::Whole),
    })
}

fn bytes(expr: &Expr, text: &str, krate: &Path) -> syn::Result<Bound> {
    let size: ByteSize = text
        .parse()
        .map_err(|error| syn::Error::new(expr.span(), error))?;
    let bytes = size.bytes();
    let text = size.to_string();
    Ok(Bound {
        value: quote!(#krate::ByteSize::new(#bytes)),
        text: quote!(::std::string::String::from(#text)),
        number: Some(Number::Whole(bytes.into())),
    })
}

pub(crate) fn with_unit(literal: &str, unit: Option<&str>) -> String {
    let bare = literal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match unit {
        Some(unit) if bare && unit != "bytes" => format!("{literal}{unit}"),
        _ => literal.to_owned(),
    }
}

/// The text of a literal: the digits of a number without separators and suffix, the content of a string.
pub(crate) fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(int) => Some(int.base10_digits().to_owned()),
            Lit::Float(float) => Some(float.base10_digits().to_owned()),
            Lit::Str(text) => Some(text.value()),
            Lit::Bool(flag) => Some(flag.value.to_string()),
            _ => None,
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => literal(expr).map(|digits| format!("-{digits}")),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}
