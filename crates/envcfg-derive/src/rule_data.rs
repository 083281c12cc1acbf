use proc_macro2::{Ident, TokenStream};
use syn::{Expr, LitStr, Path};

use crate::{
    bound::Bound,
    field::{Field, Role},
    hygiene::quote,
    rule::{Rule, RuleKind},
    shape::Measure,
};

/// The constructor of the rule for documentation and reports.
pub(crate) fn rule_data(
    krate: &Path,
    rule: &Rule,
    field: &Field,
    fields: &[Field],
    each: bool,
) -> syn::Result<TokenStream> {
    let (name, kind) = (rule.name, kind(krate, rule, field, fields, each)?);
    let message = rule.message.as_ref().map(|text| quote!(.message(#text)));
    let code = rule.code.as_ref().map(|code| quote!(.code(#code)));
    let for_each = each.then(|| quote!(.for_each()));
    Ok(quote!(#krate::Rule::new(#name, #krate::RuleKind::#kind) #message #code #for_each))
}

/// The kind of rule as the library has it, without its path.
fn kind(krate: &Path, rule: &Rule, field: &Field, fields: &[Field], each: bool) -> syn::Result<TokenStream> {
    Ok(match &rule.kind {
        RuleKind::Range {
            min,
            max,
            above,
            below,
        } => {
            let texts = bound_texts(krate, field, field.measure(), [min, max, above, below])?;
            quote!(range(#(#texts),*))
        }
        RuleKind::Length { min, max, equal } => {
            let texts = bound_texts(krate, field, Measure::None, [min, max, equal])?;
            let elements = field.shape.element.is_some() && !each;
            quote!(length(#(#texts),*, #elements))
        }
        RuleKind::Url => quote!(Url),
        RuleKind::Email => quote!(Email),
        RuleKind::Ip { v4, v6 } => quote!(Ip { v4: #v4, v6: #v6 }),
        RuleKind::Regex(path) => quote! {
            Regex(::std::string::String::from(
                #krate::__private::validator::AsRegex::as_regex(&&#path).as_str(),
            ))
        },
        RuleKind::Contains(needle) => quote!(Contains(::std::string::String::from(#needle))),
        RuleKind::DoesNotContain(needle) => quote!(DoesNotContain(::std::string::String::from(#needle))),
        RuleKind::NonControlCharacter => quote!(NonControlCharacter),
        RuleKind::MustMatch(other) => {
            let variable = variable_of(other, fields)?;
            quote!(MustMatch(::std::string::String::from(#variable)))
        }
        RuleKind::Custom(_) => quote!(Custom),
        RuleKind::Required => quote!(Required),
        RuleKind::CreditCard => quote!(CreditCard),
        RuleKind::Nested | RuleKind::Skip => quote!(Nested),
        RuleKind::MinEntropy(bits) => quote!(MinEntropy(#bits)),
        RuleKind::Scheme(schemes) => quote! {
            Scheme(::std::vec![#(::std::string::String::from(#schemes)),*])
        },
    })
}

fn bound_texts<const N: usize>(
    krate: &Path,
    field: &Field,
    measure: Measure,
    bounds: [&Option<Expr>; N],
) -> syn::Result<Vec<TokenStream>> {
    let unit = field.unit_text();
    bounds
        .into_iter()
        .map(|bound| match bound {
            Some(expr) => {
                let text = Bound::new(expr, measure, unit.as_deref(), krate)?.text;
                Ok(quote!(::core::option::Option::Some(#text)))
            }
            None => Ok(quote!(::core::option::Option::None)),
        })
        .collect()
}

fn variable_of(other: &Ident, fields: &[Field]) -> syn::Result<String> {
    let named = fields.iter().find(|field| field.ident == *other);
    match named.map(|field| &field.role) {
        Some(Role::Variable(name)) => Ok(LitStr::value(name)),
        _ => Err(syn::Error::new(
            other.span(),
            "no variable of this struct has this name",
        )),
    }
}
