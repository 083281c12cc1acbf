#![doc = include_str!("../README.md")]

mod attributes;
mod label_value;
mod labels;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields a set of labels: the key of a metric family.
///
/// Each field is a label; its type is a `LabelValue`. Lifetimes are allowed, type parameters are not.
///
/// - `#[label(name = "type")]` on a field gives the label another name than the field.
/// - `#[label(max = 500)]` on a field is the most values that the label may have in a family; further ones become
///   `__other__`.
/// - `#[labels(crate = path)]` on the struct says where `groundcrew_metrics` is; needed only where it is
///   neither a dependency of its own nor `groundcrew::metrics`.
#[proc_macro_derive(Labels, attributes(labels, label))]
pub fn derive_labels(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    labels::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes an enum without fields the value of a label: the variant's name in snake case.
///
/// - `#[label(name = "in")]` on a variant gives it another value.
/// - `#[labels(crate = path)]` on the enum says where `groundcrew_metrics` is.
#[proc_macro_derive(LabelValue, attributes(labels, label))]
pub fn derive_label_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_value::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
