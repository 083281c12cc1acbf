use proc_macro2::TokenTree;
use syn::{Attribute, Token, meta::ParseNestedMeta, parse::ParseStream};

/// Keeps the mistakes of one struct, so that a build shows all of them, each once.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, errors: syn::Error) {
        let key = |error: &syn::Error| (format!("{:?}", error.span()), error.to_string());
        for error in errors {
            if self.0.iter().all(|known| key(known) != key(&error)) {
                self.0.push(error);
            }
        }
    }

    /// The value, or nothing and one error more.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        let combined = self.0.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        });
        combined.map_or(Ok(()), Err)
    }

    /// Hands the entries of `attribute` to `entry` one by one; one that is wrong does not hide the next.
    pub(crate) fn entries(
        &mut self,
        attribute: &Attribute,
        mut entry: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
    ) {
        let mut failed = false;
        let parsed = attribute.parse_nested_meta(|meta| {
            if let Err(error) = entry(&meta) {
                failed = true;
                self.push(error);
                skip(meta.input)?;
            }
            Ok(())
        });
        // After a failure syn complains about the rest of it as well.
        if !failed {
            self.take(parsed);
        }
    }
}

/// Passes over what is left of an entry.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
