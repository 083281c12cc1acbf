use proc_macro2::Span;
use syn::{Path, spanned::Spanned};

/// An error at `path`, which is none of `known`: it names the nearest of them, or else all.
pub(crate) fn unknown(what: &str, path: &Path, known: &[&str]) -> syn::Error {
    let name = path.get_ident().map_or_else(
        || path.segments.iter().map(|part| part.ident.to_string()).collect(),
        ToString::to_string,
    );
    unknown_name(what, &name, path.span(), known)
}

pub(crate) fn unknown_name(what: &str, name: &str, span: Span, known: &[&str]) -> syn::Error {
    let message = match nearest(name, known) {
        Some(near) => format!("unknown {what} `{name}`, did you mean `{near}`?"),
        None => {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("unknown {what} `{name}`, expected one of {}", known.join(", "))
        }
    };
    syn::Error::new(span, message)
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known));
    let most = name.len().div_ceil(3);
    scored
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| known)
}
