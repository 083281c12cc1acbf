use proc_macro2::Span;
use syn::{Path, spanned::Spanned};

/// An error at `path`, which is none of `known`: it names the nearest of them, or else all.
///
/// `what` says what it should have been, with `{}` in the place of its name.
pub(crate) fn unknown(what: &str, path: &Path, known: &[&str]) -> syn::Error {
    let parts = path.segments.iter().map(|part| part.ident.to_string());
    let name = parts.collect::<Vec<_>>().join("::");
    let unknown = format!("unknown {}", what.replace("{}", &format!("`{name}`")));
    unknown_name(&unknown, &name, path.span(), known)
}

/// An error that begins with `unknown` and goes on with the nearest of `known`, or else with all.
pub(crate) fn unknown_name(unknown: &str, name: &str, span: Span, known: &[&str]) -> syn::Error {
    let message = match nearest(name, known) {
        Some(near) => format!("{unknown}, did you mean `{near}`?"),
        None => {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("{unknown}, expected one of {}", known.join(", "))
        }
    };
    syn::Error::new(span, message)
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known));
    let most = name.len().div_ceil(4).min(2);
    scored
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| known)
}
