use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path, Type};

use crate::{
    bound::Bound,
    hygiene::quote,
    rule::{Rule, RuleKind},
    shape::{Measure, is, is_text},
};

/// Writes whether a value follows a rule.
pub(crate) struct Verdict<'r> {
    pub(crate) krate: &'r Path,
    pub(crate) rule: &'r Rule,
    /// The value, as an expression of type `&T`.
    pub(crate) value: TokenStream,
    pub(crate) ty: &'r Type,
    /// The unit of a bare number in a bound.
    pub(crate) unit: Option<String>,
}

impl Verdict<'_> {
    /// An expression that says whether the rule holds; `None` if that is decided elsewhere.
    pub(crate) fn code(&self) -> syn::Result<Option<TokenStream>> {
        Ok(Some(match &self.rule.kind {
            RuleKind::MustMatch(_)
            | RuleKind::Required
            | RuleKind::Custom(_)
            | RuleKind::Nested
            | RuleKind::Skip => return Ok(None),
            // What was read as one is one.
            RuleKind::Url if is(self.ty, &["Url"]) => return Ok(None),
            RuleKind::Range {
                min,
                max,
                above,
                below,
            } => self.range([min, max, above, below])?,
            RuleKind::Length { min, max, equal } => self.length([min, max, equal]),
            RuleKind::Scheme(schemes) => self.of_text(&quote!(has_scheme), &quote!(&[#(#schemes),*])),
            RuleKind::MinEntropy(bits) => self.of_text(&quote!(has_bits), &quote!(#bits)),
            RuleKind::Url => self.url(),
            RuleKind::Regex(path) => self.by_trait("ValidateRegex", "regex", &quote!(&#path)),
            RuleKind::Contains(needle) => self.by_trait("ValidateContains", "contains", &quote!(#needle)),
            RuleKind::DoesNotContain(needle) => {
                self.by_trait("ValidateDoesNotContain", "does_not_contain", &quote!(#needle))
            }
            RuleKind::Email => self.by_bare_trait("ValidateEmail", "email"),
            RuleKind::Ip { v4, v6 } => self.by_bare_trait("ValidateIp", ip_version(*v4, *v6)),
            RuleKind::NonControlCharacter => {
                self.by_bare_trait("ValidateNonControlCharacter", "non_control_character")
            }
            RuleKind::CreditCard => self.by_bare_trait("ValidateCreditCard", "credit_card"),
        }))
    }

    /// Asks a function of the library about the value as a text.
    fn of_text(&self, function: &TokenStream, argument: &TokenStream) -> TokenStream {
        let (krate, value) = (self.krate, &self.value);
        quote_spanned! {self.rule.span=>
            #krate::__private::#function(::core::convert::AsRef::<str>::as_ref(#value), #argument)
        }
    }

    /// Asks the parser only about what is not plainly a URL.
    fn url(&self) -> TokenStream {
        let (krate, value) = (self.krate, &self.value);
        let parsed = self.by_bare_trait("ValidateUrl", "url");
        if !is_text(self.ty) && !is(self.ty, &["Secret"]) {
            return parsed;
        }
        quote_spanned! {self.rule.span=>
            (#krate::__private::is_plain_url(::core::convert::AsRef::<str>::as_ref(#value)) || #parsed)
        }
    }

    fn by_bare_trait(&self, name: &str, method: &str) -> TokenStream {
        self.by_trait(name, method, &TokenStream::new())
    }

    /// Calls `validate_...` of a trait of the validator crate, as a method like its own derive does: it finds
    /// what a type dereferences to.
    fn by_trait(&self, name: &str, method: &str, arguments: &TokenStream) -> TokenStream {
        let (krate, value, span) = (self.krate, &self.value, self.rule.span);
        let name = Ident::new(name, span);
        let method = Ident::new(&format!("validate_{method}"), span);
        quote_spanned! {span=> {
            #[allow(unused_imports)]
            use #krate::__private::validator::#name as _;
            (*#value).#method(#arguments)
        }}
    }

    fn range(&self, bounds: [&Option<Expr>; 4]) -> syn::Result<TokenStream> {
        let (krate, value) = (self.krate, &self.value);
        let measure = Measure::of(self.ty);
        if self.rule.validator && measure == Measure::None {
            let options = self.bounds(bounds, measure, false)?;
            return Ok(self.by_trait("ValidateRange", "range", &options));
        }
        let options = self.bounds(bounds, measure, true)?;
        Ok(quote_spanned!(self.rule.span=> #krate::__private::in_range(#value, #options)))
    }

    fn length(&self, bounds: [&Option<Expr>; 3]) -> TokenStream {
        let (krate, value) = (self.krate, &self.value);
        let options = options(bounds);
        if self.rule.validator {
            return self.by_trait("ValidateLength", "length", &options);
        }
        quote_spanned! {self.rule.span=>
            #krate::__private::has_length(#krate::__private::Length::length(#value), #options)
        }
    }

    fn bounds(
        &self,
        bounds: [&Option<Expr>; 4],
        measure: Measure,
        by_reference: bool,
    ) -> syn::Result<TokenStream> {
        let mut options = Vec::new();
        for bound in bounds {
            let value = match bound {
                Some(expr) => Some(Bound::new(expr, measure, self.unit.as_deref(), self.krate)?.value),
                None => None,
            };
            options.push(match value {
                Some(value) if by_reference => quote!(::core::option::Option::Some(&(#value))),
                Some(value) => quote!(::core::option::Option::Some(#value)),
                None => quote!(::core::option::Option::None),
            });
        }
        Ok(quote!(#(#options),*))
    }
}

const fn ip_version(v4: bool, v6: bool) -> &'static str {
    match (v4, v6) {
        (true, false) => "ipv4",
        (false, true) => "ipv6",
        _ => "ip",
    }
}

fn options(bounds: [&Option<Expr>; 3]) -> TokenStream {
    let options = bounds.map(|bound| match bound {
        Some(expr) => quote!(::core::option::Option::Some(#expr)),
        None => quote!(::core::option::Option::None),
    });
    quote!(#(#options),*)
}
