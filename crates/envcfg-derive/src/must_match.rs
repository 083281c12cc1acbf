use proc_macro2::TokenStream;
use syn::Path;

use crate::{
    field::{Field, Role},
    hygiene::{local, quote},
    rule::RuleKind,
};

/// `must_match` needs both fields, and so comes after all of them.
pub(crate) fn code(krate: &Path, fields: &[Field]) -> TokenStream {
    let mut out = TokenStream::new();
    let mut index = 0_usize;
    for field in fields {
        let (value, found) = (local("value", &field.ident), local("found", &field.ident));
        for (position, rule) in field.rules.iter().enumerate() {
            if let RuleKind::MustMatch(other) = &rule.kind {
                let other = local("value", other);
                out.extend(quote! {
                    if let (::core::option::Option::Some(__a), ::core::option::Option::Some(__b)) = (&#value, &#other) {
                        if !#krate::__private::validator::validate_must_match(__a, __b) {
                            __loader.broken(
                                &Self::FIELDS[#index], &#found, #position, ::core::option::Option::None,
                            );
                        }
                    }
                });
            }
        }
        index += usize::from(matches!(field.role, Role::Variable(_)));
    }
    out
}
