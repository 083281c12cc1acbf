use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{
    Error, Expr, ExprArray, ExprLit, ExprReference, ExprUnary, Lit, Result, UnOp, spanned::Spanned as _,
};

/// The upper bounds of a histogram.
pub(crate) enum Buckets {
    /// Numbers, that are known to ascend.
    Known { bounds: Vec<f64>, span: Span },
    /// An expression that is evaluated at registration.
    Given(Box<Expr>),
}

impl Buckets {
    pub(crate) fn new(expr: Expr) -> Result<Self> {
        match bare(&expr) {
            Expr::Array(array) => Self::of_array(array, &expr),
            _ => Ok(Self::Given(Box::new(expr))),
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Known { span, .. } => *span,
            Self::Given(expr) => expr.span(),
        }
    }

    /// The bounds as a slice.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::Known { bounds, .. } => quote!(&[#(#bounds),*]),
            Self::Given(expr) => quote!(::core::convert::AsRef::<[f64]>::as_ref(&(#expr))),
        }
    }

    /// Known bounds that lack this one.
    pub(crate) fn lack(&self, wanted: f64) -> Option<&[f64]> {
        match self {
            Self::Known { bounds, .. } if !bounds.iter().any(|bound| bound.to_bits() == wanted.to_bits()) => {
                Some(bounds)
            }
            Self::Known { .. } | Self::Given(_) => None,
        }
    }

    fn of_array(array: &ExprArray, expr: &Expr) -> Result<Self> {
        let mut bounds: Vec<f64> = Vec::new();
        for element in &array.elems {
            // One that is no plain number makes all of it an expression.
            let Some(bound) = number(element) else {
                return Ok(Self::Given(Box::new(expr.clone())));
            };
            let bound = bound?;
            if !bound.is_finite() {
                return Err(Error::new_spanned(
                    element,
                    "not a finite number; the last bucket, `+Inf`, is always there",
                ));
            }
            if bounds.last().is_some_and(|last| *last >= bound) {
                let message = format!(
                    "buckets ascend, and `{}` is not above the one before",
                    element.to_token_stream()
                );
                return Err(Error::new_spanned(element, message));
            }
            bounds.push(bound);
        }
        if bounds.is_empty() {
            return Err(Error::new_spanned(array, "a histogram has one bucket at least"));
        }
        Ok(Self::Known {
            bounds,
            span: array.span(),
        })
    }
}

/// A number, perhaps with a minus; none for what is no literal.
pub(crate) fn number(expr: &Expr) -> Option<Result<f64>> {
    match bare(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Float(float),
            ..
        }) => Some(float.base10_parse()),
        Expr::Lit(ExprLit {
            lit: Lit::Int(int), ..
        }) => Some(
            int.base10_digits()
                .parse()
                .map_err(|_| Error::new(int.span(), "not a number")),
        ),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => number(expr).map(|number| number.map(|number| -number)),
        _ => None,
    }
}

/// The expression without references, parentheses and invisible groups around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Reference(ExprReference { expr, .. }) => bare(expr),
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    fn bounds(text: &str) -> Option<Vec<f64>> {
        match Buckets::new(parse_str(text).unwrap()).unwrap() {
            Buckets::Known { bounds, .. } => Some(bounds),
            Buckets::Given(_) => None,
        }
    }

    #[test]
    fn numbers_are_known_and_the_rest_is_left_to_the_registration() {
        assert_eq!(
            bounds("[-1, 0.5, 1e3, 2_000]"),
            Some(vec![-1.0, 0.5, 1000.0, 2000.0])
        );
        assert_eq!(bounds("&[1.0, 2.0]"), Some(vec![1.0, 2.0]));
        assert_eq!(bounds("[1.0, TWO]"), None);
        assert_eq!(bounds("exponential(1.0, 2.0, 5)"), None);
    }

    #[test]
    fn buckets_that_do_not_ascend_are_told() {
        for (text, told) in [
            ("[]", "a histogram has one bucket at least"),
            (
                "[1.0, 0.5]",
                "buckets ascend, and `0.5` is not above the one before",
            ),
            (
                "[1, 1.0]",
                "buckets ascend, and `1.0` is not above the one before",
            ),
            ("[1.0, 1e999]", "not a finite number"),
        ] {
            let error = Buckets::new(parse_str(text).unwrap())
                .err()
                .expect(text)
                .to_string();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }
}
