use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, GenericParam, Generics, LitStr, Path, Type, UnOp};

use crate::{
    bound::{Bound, literal},
    field::Field,
    hygiene::{own, quote},
    rule::{Rule, RuleKind},
    shape::{Measure, is, is_number},
};

/// Lets the compiler hold a default against bounds that are constants: this macro sees only their names.
#[derive(Clone, Copy)]
pub(crate) struct Assertion<'f> {
    pub(crate) field: &'f Field,
    pub(crate) krate: &'f Path,
    /// Those of the struct, which the assertion, outside of it, does not have.
    pub(crate) generics: &'f Generics,
}

/// A default that is a constant.
pub(crate) struct Known<'d> {
    pub(crate) ty: &'d Type,
    pub(crate) value: TokenStream,
    /// It is held against literals already.
    pub(crate) is_literal: bool,
    pub(crate) span: Span,
}

/// Two constants and how they must compare.
struct Comparison {
    left: TokenStream,
    operator: TokenStream,
    right: TokenStream,
}

impl Assertion<'_> {
    /// Compares the default with the bounds of a range.
    pub(crate) fn of_range(self, rule: &Rule, default: &Known<'_>) -> syn::Result<TokenStream> {
        let (
            Some((ty, compared)),
            RuleKind::Range {
                min,
                max,
                above,
                below,
            },
        ) = (self.compared(default.ty), &rule.kind)
        else {
            return Ok(TokenStream::new());
        };
        let Known { value, .. } = default;
        let unit = self.field.unit_text();
        let mut asserts = TokenStream::new();
        for (bound, operator) in [
            (min, quote!(>=)),
            (max, quote!(<=)),
            (above, quote!(>)),
            (below, quote!(<)),
        ] {
            let Some(bound) = bound.as_ref().filter(|bound| self.is_open(default, bound)) else {
                continue;
            };
            let bound = Bound::new(bound, Measure::of(default.ty), unit.as_deref(), self.krate)?.value;
            let comparison = Comparison {
                left: quote!({ let __value: #ty = #value; __value #compared }),
                operator,
                right: quote!({ let __bound: #ty = #bound; __bound #compared }),
            };
            asserts.extend(comparison.code(rule, default.span));
        }
        Ok(asserts)
    }

    /// The type without aliases, and what turns a value of it into a number: `PartialOrd` of a struct is not for
    /// constants.
    fn compared(self, ty: &Type) -> Option<(TokenStream, TokenStream)> {
        let krate = self.krate;
        match Measure::of(ty) {
            Measure::Time => Some((quote!(::std::time::Duration), quote!(.as_nanos()))),
            Measure::Bytes => Some((quote!(#krate::ByteSize), quote!(.bytes()))),
            Measure::None => is_number(ty).then(|| (quote!(#ty), TokenStream::new())),
        }
    }

    /// Whether nobody but the compiler can compare the two, and it can.
    fn is_open(self, default: &Known<'_>, bound: &Expr) -> bool {
        self.is_constant(bound) || (!default.is_literal && literal(bound).is_some())
    }

    /// Compares a length with the bounds that are constants.
    pub(crate) fn of_length(self, rule: &Rule, length: usize, span: Span) -> TokenStream {
        let RuleKind::Length { min, max, equal } = &rule.kind else {
            return TokenStream::new();
        };
        let bounds = [(min, quote!(>=)), (max, quote!(<=)), (equal, quote!(==))];
        let length = length as u64;
        let known = bounds.into_iter().filter_map(|(bound, operator)| {
            let bound = bound.as_ref().filter(|bound| self.is_constant(bound))?;
            let comparison = Comparison {
                left: quote!(#length),
                operator,
                right: quote!({ let __bound: u64 = #bound; __bound }),
            };
            Some(comparison.code(rule, span))
        });
        known.collect()
    }

    fn is_known(self, expr: &Expr) -> bool {
        literal(expr).is_some() || self.is_constant(expr)
    }

    /// Whether the expression is made of constants, one at least, that mean the same outside of the struct.
    pub(crate) fn is_constant(self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => path.qself.is_none() && !self.is_of_struct(&path.path),
            Expr::Group(group) => self.is_constant(&group.expr),
            Expr::Paren(paren) => self.is_constant(&paren.expr),
            Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && self.is_constant(&unary.expr),
            Expr::Binary(binary) => {
                let sides = [&binary.left, &binary.right];
                sides.iter().all(|side| self.is_known(side))
                    && sides.iter().any(|side| self.is_constant(side))
            }
            _ => false,
        }
    }

    fn is_of_struct(self, path: &Path) -> bool {
        path.segments.first().is_some_and(|first| {
            let is_parameter = |parameter: &GenericParam| match parameter {
                GenericParam::Type(ty) => ty.ident == first.ident,
                GenericParam::Const(constant) => constant.ident == first.ident,
                GenericParam::Lifetime(_) => false,
            };
            first.ident == "Self" || self.generics.params.iter().any(is_parameter)
        })
    }
}

impl Comparison {
    fn code(&self, rule: &Rule, span: Span) -> TokenStream {
        let Self {
            left,
            operator,
            right,
        } = self;
        let message = format!("the default breaks the rule `{}` of its own field", rule.name);
        let message = LitStr::new(&message, span);
        let (value, bound) = (own("left"), own("right"));
        quote_spanned! {span=>
            const _: () = {
                let #value = #left;
                let #bound = #right;
                ::core::assert!(#value #operator #bound, #message);
            };
        }
    }
}

/// The number that a text is, as an expression of its type; `None` if the type is none of numbers.
pub(crate) fn number_of(ty: &Type, text: &str) -> Option<TokenStream> {
    if !is_number(ty) {
        return None;
    }
    let text = text.trim();
    let sign = text.starts_with('-').then(|| quote!(-));
    let digits = text.trim_start_matches(['+', '-']);
    let number = if is(ty, &["f32", "f64"]) {
        Literal::f64_unsuffixed(digits.parse().ok().filter(|number: &f64| number.is_finite())?)
    } else {
        digits.parse().ok()?
    };
    Some(quote!(#sign #number))
}
