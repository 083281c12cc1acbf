use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::{Path, Type};

use crate::{
    field::Field,
    hygiene::{own, quote},
    rule::{Rule, RuleKind},
    shape::{is, is_known, is_number, is_text},
    verdict::Verdict,
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
    /// A variable of type `&T`.
    name: Ident,
    ty: &'t Type,
    /// The index of the element, as an `Option<usize>`.
    element: TokenStream,
    /// Whether functions take it by value, as the validator derive hands numbers over.
    by_value: bool,
}

impl RuleCode<'_> {
    /// The statements that check every rule of the field against `value: &Option<T>`.
    pub(crate) fn checks(&self, value: &Ident) -> syn::Result<TokenStream> {
        let subject = own("subject");
        let whole = Subject {
            name: subject.clone(),
            ty: &self.field.shape.inner,
            element: quote!(::core::option::Option::None),
            by_value: self.is_by_value(),
        };
        let mut body = self.each_rule(&self.field.rules, 0, &whole)?;
        body.extend(self.element_checks(&subject)?);
        body.extend(self.placeholder());
        if let Some(rule) = self
            .field
            .rules
            .iter()
            .find(|rule| matches!(rule.kind, RuleKind::Nested))
        {
            body = Self::after(&body, &self.nested_field(rule, &whole));
        }
        let required = self.required(value);
        if body.is_empty() {
            return Ok(required);
        }
        let pattern = if self.field.shape.optional {
            quote!(::core::option::Option::Some(::core::option::Option::Some(#subject)))
        } else {
            quote!(::core::option::Option::Some(#subject))
        };
        Ok(quote! {
            #required
            #[allow(unused_variables)]
            if let #pattern = &#value { #body }
        })
    }

    /// `required` on an `Option`, which has no value then: a default may be `None` too.
    fn required(&self, value: &Ident) -> TokenStream {
        let index = self.index;
        let rule = self
            .field
            .rules
            .iter()
            .find(|rule| matches!(rule.kind, RuleKind::Required));
        let Some(rule) = rule.filter(|_| self.field.shape.optional) else {
            return TokenStream::new();
        };
        let missing = missing(rule, index);
        quote! {
            if let ::core::option::Option::Some(::core::option::Option::None) = &#value {
                #missing
            }
        }
    }

    fn element_checks(&self, list: &Ident) -> syn::Result<TokenStream> {
        let (Some(each), false) = (self.element(), self.field.element_rules.is_empty()) else {
            return Ok(TokenStream::new());
        };
        let body = self.each_rule(&self.field.element_rules, self.field.rules.len(), &each)?;
        let nested = self
            .field
            .element_rules
            .iter()
            .filter(|rule| matches!(rule.kind, RuleKind::Nested));
        let nested = nested.map(|rule| self.nested(rule, &each));
        Ok(for_each(list, &each, &quote!(#body #(#nested)*)))
    }

    fn element(&self) -> Option<Subject<'_>> {
        let (at, ty) = (own("at"), self.field.shape.element.as_ref()?);
        Some(Subject {
            name: own("element"),
            ty,
            element: quote!(::core::option::Option::Some(#at)),
            by_value: is_number(ty),
        })
    }

    /// The checks of `rules`, the first of which has this position in the documentation of the field.
    fn each_rule(&self, rules: &[Rule], first: usize, subject: &Subject<'_>) -> syn::Result<TokenStream> {
        let mut body = TokenStream::new();
        for (position, rule) in rules.iter().enumerate() {
            body.extend(self.check(rule, first + position, subject)?);
        }
        Ok(body)
    }

    /// Like the validator derive, asks the type itself only if the field broke no rule.
    fn after(body: &TokenStream, nested: &TokenStream) -> TokenStream {
        let before = own("before");
        quote! {
            let #before = __loader.mark();
            #body
            if __loader.is_clean(#before) { #nested }
        }
    }

    fn nested_field(&self, rule: &Rule, whole: &Subject<'_>) -> TokenStream {
        match self.element() {
            Some(each) => for_each(&whole.name, &each, &self.nested(rule, &each)),
            None => self.nested(rule, whole),
        }
    }

    fn check(&self, rule: &Rule, position: usize, subject: &Subject<'_>) -> syn::Result<TokenStream> {
        let Self { index, found, .. } = self;
        let element = &subject.element;
        if let RuleKind::Custom(function) = &rule.kind {
            return Ok(self.custom(rule, function, subject));
        }
        let verdict = Verdict {
            krate: self.krate,
            rule,
            value: self.exposed(subject),
            ty: subject.ty,
            unit: self.field.unit_text(),
        };
        let Some(holds) = verdict.code()? else {
            return Ok(TokenStream::new());
        };
        Ok(quote! {
            if !#holds {
                __loader.broken(&Self::FIELDS[#index], &#found, #position, #element);
            }
        })
    }

    fn custom(&self, rule: &Rule, function: &Path, subject: &Subject<'_>) -> TokenStream {
        let Self { index, found, .. } = self;
        let Subject { name, element, .. } = subject;
        let error = own("error");
        let argument = if subject.by_value {
            quote!(*#name)
        } else if is(subject.ty, &["Cow"]) {
            quote!(&**#name)
        } else {
            quote!(#name)
        };
        let message = match &rule.message {
            Some(text) => quote!(#text),
            None => quote!(#error.message.as_deref().unwrap_or(&#error.code)),
        };
        let code = code(rule, quote!(::core::clone::Clone::clone(&#error.code)));
        quote! {
            if let ::core::result::Result::Err(#error) = #function(#argument) {
                __loader.broken_as(&Self::FIELDS[#index], &#found, #code, #message, #element);
            }
        }
    }

    /// Asks the type's own `Validate`; its messages are shown, its values never.
    fn nested(&self, rule: &Rule, subject: &Subject<'_>) -> TokenStream {
        let Self {
            krate, index, found, ..
        } = self;
        let Subject { name, element, .. } = subject;
        let (errors, loader) = (own("errors"), own("loader"));
        quote_spanned! {rule.span=>
            if let ::core::result::Result::Err(#errors) = {
                use #krate::__private::validator::Validate as _;
                (&#name).validate()
            } {
                #loader.broken_as(
                    &Self::FIELDS[#index],
                    &#found,
                    ::std::borrow::Cow::Borrowed("nested"),
                    &#krate::__private::nested_message(&#errors),
                    #element,
                );
            }
        }
    }

    /// The value without `Secret`, also if that hides behind an alias; an expression of type `&T`.
    fn exposed(&self, subject: &Subject<'_>) -> TokenStream {
        let (krate, name) = (self.krate, &subject.name);
        if is(subject.ty, &["Secret"]) {
            quote!(#name.expose())
        } else if is_known(subject.ty) {
            quote!(#name)
        } else {
            quote! {{
                #[allow(unused_imports)]
                use #krate::__private::{ExposePlain as _, ExposeSecret as _};
                (&#krate::__private::Expose(#name)).value()
            }}
        }
    }

    /// The validator derive judges a number by the tokens of the whole type.
    fn is_by_value(&self) -> bool {
        let shape = &self.field.shape;
        is_number(&shape.inner) && (!shape.optional || crate::shape::is_bare(&self.field.ty))
    }

    /// A secret must not be one that somebody still has to fill in.
    fn placeholder(&self) -> TokenStream {
        let (index, found, field) = (self.index, self.found, self.field);
        let ty = field.shape.element.as_ref().unwrap_or(&field.shape.inner);
        let readable = field.shape.secret || is_text(ty) || !is_known(ty);
        if field.allow_placeholder || !readable {
            return TokenStream::new();
        }
        let refuse = quote!(__loader.refuse_placeholder(&Self::FIELDS[#index], &#found););
        if field.secret || field.shape.secret || field.is_secret_by_name() {
            refuse
        } else if is_known(ty) && field.may_become_secret() {
            quote!(__loader.refuse_placeholder_below(&Self::FIELDS[#index], &#found);)
        } else if is_known(ty) {
            TokenStream::new()
        } else {
            // An alias of a type may hide a `Secret`.
            quote!(if Self::FIELDS[#index].is_marked_secret() { #refuse })
        }
    }
}

/// Reports the variable as missing, in the words of the rule `required`.
pub(crate) fn missing(rule: &Rule, index: usize) -> TokenStream {
    let [message, code] = [&rule.message, &rule.code].map(|text| match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    });
    quote!(__loader.missing_by_rule(&Self::FIELDS[#index], #message, #code);)
}

fn for_each(list: &Ident, each: &Subject<'_>, body: &TokenStream) -> TokenStream {
    let (at, element) = (own("at"), &each.name);
    quote!(for (#at, #element) in ::core::iter::IntoIterator::into_iter(#list).enumerate() { #body })
}

fn code(rule: &Rule, own: TokenStream) -> TokenStream {
    match &rule.code {
        Some(code) => quote!(::std::borrow::Cow::Borrowed(#code)),
        None => own,
    }
}
