use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Path, Type};

use crate::{
    bound::Bound,
    field::Field,
    rule::{Rule, RuleKind},
    shape::{Measure, is, is_number},
};

/// Writes the code of the rules of one field.
pub(crate) struct RuleCode<'f> {
    pub(crate) krate: &'f Path,
    pub(crate) field: &'f Field,
    pub(crate) index: usize,
    /// The variable that holds what was found.
    pub(crate) found: &'f Ident,
}

/// The value a rule looks at.
struct Subject<'t> {
    /// An expression of type `&T`.
    expr: TokenStream,
    ty: &'t Type,
    /// The index of the element, as an `Option<usize>`.
    element: TokenStream,
}

impl RuleCode<'_> {
    /// The statements that check every rule of the field against `value: &Option<T>`.
    pub(crate) fn checks(&self, value: &Ident) -> syn::Result<TokenStream> {
        let whole = Subject {
            expr: quote!(subject),
            ty: &self.field.shape.inner,
            element: quote!(::core::option::Option::None),
        };
        let mut body = TokenStream::new();
        for (position, rule) in self.field.rules.iter().enumerate() {
            body.extend(self.check(rule, position, &whole)?);
        }
        body.extend(self.element_checks()?);
        if body.is_empty() {
            return Ok(body);
        }
        let pattern = if self.field.shape.optional {
            quote!(::core::option::Option::Some(::core::option::Option::Some(
                subject
            )))
        } else {
            quote!(::core::option::Option::Some(subject))
        };
        Ok(quote!(if let #pattern = &#value { #body }))
    }

    fn element_checks(&self) -> syn::Result<TokenStream> {
        let (Some(ty), false) = (&self.field.shape.element, self.field.element_rules.is_empty()) else {
            return Ok(TokenStream::new());
        };
        let each = Subject {
            expr: quote!(element),
            ty,
            element: quote!(::core::option::Option::Some(at)),
        };
        let mut body = TokenStream::new();
        for (position, rule) in self.field.element_rules.iter().enumerate() {
            body.extend(self.check(rule, self.field.rules.len() + position, &each)?);
        }
        Ok(quote!(for (at, element) in ::core::iter::IntoIterator::into_iter(subject).enumerate() { #body }))
    }

    fn check(&self, rule: &Rule, position: usize, subject: &Subject<'_>) -> syn::Result<TokenStream> {
        let Self { index, found, .. } = self;
        let element = &subject.element;
        if let RuleKind::Custom(function) = &rule.kind {
            return Ok(self.custom(rule, function, subject));
        }
        let Some(holds) = self.holds(rule, subject)? else {
            return Ok(TokenStream::new());
        };
        Ok(quote! {
            if !#holds {
                loader.broken(&Self::FIELDS[#index], &#found, #position, #element);
            }
        })
    }

    fn custom(&self, rule: &Rule, function: &Path, subject: &Subject<'_>) -> TokenStream {
        let Self { index, found, .. } = self;
        let (expr, element) = (&subject.expr, &subject.element);
        // The validator derive hands numbers over by value, and so one function fits both.
        let argument = if is_number(subject.ty) {
            quote!(*#expr)
        } else {
            quote!(#expr)
        };
        let message = match &rule.message {
            Some(text) => quote!(#text),
            None => quote!(error.message.as_deref().unwrap_or(&error.code)),
        };
        let code = match &rule.code {
            Some(code) => quote!(::std::borrow::Cow::Borrowed(#code)),
            None => quote!(::core::clone::Clone::clone(&error.code)),
        };
        quote! {
            if let ::core::result::Result::Err(error) = #function(#argument) {
                loader.broken_as(&Self::FIELDS[#index], &#found, #code, #message, #element);
            }
        }
    }

    /// An expression that says whether the rule holds; `None` if that is decided elsewhere.
    fn holds(&self, rule: &Rule, subject: &Subject<'_>) -> syn::Result<Option<TokenStream>> {
        let krate = self.krate;
        let validator = quote!(#krate::__private::validator);
        let exposed = if is(subject.ty, &["Secret"]) {
            let expr = &subject.expr;
            quote!(#expr.expose())
        } else {
            subject.expr.clone()
        };
        let span = rule.span;
        Ok(Some(match &rule.kind {
            RuleKind::MustMatch(_) | RuleKind::Required | RuleKind::Custom(_) => return Ok(None),
            RuleKind::Url if is(subject.ty, &["Url"]) => return Ok(None),
            RuleKind::Range {
                min,
                max,
                above,
                below,
            } => self.range(rule, &exposed, subject.ty, [min, max, above, below])?,
            RuleKind::Length { min, max, equal } => self.length(rule, &exposed, [min, max, equal]),
            RuleKind::Url => quote_spanned!(span=> #validator::ValidateUrl::validate_url(#exposed)),
            RuleKind::Email => quote_spanned!(span=> #validator::ValidateEmail::validate_email(#exposed)),
            RuleKind::Ip { v4, v6 } => {
                let method = match (v4, v6) {
                    (true, false) => quote!(validate_ipv4),
                    (false, true) => quote!(validate_ipv6),
                    _ => quote!(validate_ip),
                };
                quote_spanned!(span=> #validator::ValidateIp::#method(#exposed))
            }
            RuleKind::Regex(path) => {
                quote_spanned!(span=> #validator::ValidateRegex::validate_regex(#exposed, &#path))
            }
            RuleKind::Contains(needle) => {
                quote_spanned!(span=> #validator::ValidateContains::validate_contains(#exposed, #needle))
            }
            RuleKind::DoesNotContain(needle) => {
                quote_spanned!(span=> #validator::ValidateDoesNotContain::validate_does_not_contain(#exposed, #needle))
            }
            RuleKind::NonControlCharacter => quote_spanned! {span=>
                #validator::ValidateNonControlCharacter::validate_non_control_character(#exposed)
            },
            RuleKind::Scheme(schemes) => {
                quote_spanned!(span=> #krate::__private::has_scheme(#exposed, &[#(#schemes),*]))
            }
        }))
    }

    fn range(
        &self,
        rule: &Rule,
        exposed: &TokenStream,
        ty: &Type,
        bounds: [&Option<Expr>; 4],
    ) -> syn::Result<TokenStream> {
        let krate = self.krate;
        let measure = Measure::of(ty);
        let unit = self.field.unit_text();
        let by_trait = rule.validator && measure == Measure::None;
        let mut options = Vec::new();
        for bound in bounds {
            let value = match bound {
                Some(expr) => Some(Bound::new(expr, measure, unit.as_deref(), krate)?.value),
                None => None,
            };
            options.push(match value {
                Some(value) if by_trait => quote!(::core::option::Option::Some(#value)),
                Some(value) => quote!(::core::option::Option::Some(&#value)),
                None => quote!(::core::option::Option::None),
            });
        }
        let span = rule.span;
        Ok(if by_trait {
            quote_spanned! {span=>
                #krate::__private::validator::ValidateRange::validate_range(#exposed, #(#options),*)
            }
        } else {
            quote_spanned!(span=> #krate::__private::in_range(#exposed, #(#options),*))
        })
    }

    fn length(&self, rule: &Rule, exposed: &TokenStream, bounds: [&Option<Expr>; 3]) -> TokenStream {
        let krate = self.krate;
        let options = bounds.map(|bound| match bound {
            Some(expr) => quote!(::core::option::Option::Some(#expr)),
            None => quote!(::core::option::Option::None),
        });
        let span = rule.span;
        if rule.validator {
            quote_spanned! {span=>
                #krate::__private::validator::ValidateLength::<u64>::validate_length(#exposed, #(#options),*)
            }
        } else {
            quote_spanned! {span=>
                #krate::__private::has_length(#krate::__private::Length::length(#exposed), #(#options),*)
            }
        }
    }
}
