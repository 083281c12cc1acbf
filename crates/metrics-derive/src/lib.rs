#![doc = include_str!("../README.md")]

mod attributes;
mod buckets;
mod container;
mod expire;
mod field;
mod group;
mod help;
mod label_value;
mod labels;
mod name;
mod objective;
mod settings;
mod words;

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

/// Makes a struct with named fields a group of metrics, that are registered together.
///
/// | `#[metrics(...)]` on the struct | meaning |
/// |---|---|
/// | `prefix = "poker"` | stands before every name, with an underscore |
/// | `crate = path` | where `groundcrew_metrics` is, if it cannot be found |
///
/// Each field is a metric. Its name is that of the field, behind it the unit, and of a counter `_total`, of an info
/// `_info`, where they are not there yet; its help text is the first paragraph of its documentation.
///
/// | `#[metric(...)]` on a field | meaning |
/// |---|---|
/// | `name = "jobs_total"` | another name, as it is exposed but for the prefixes |
/// | `help = "Jobs"` | another help text |
/// | `unit = "seconds"` | the unit, which the name ends with: a base unit |
/// | `buckets = [0.1, 1.0]` | upper bounds of a histogram, ascending; also a constant or another expression |
/// | `native`, `native = 1.1`, `native = expression` | native buckets beside the classic ones, of this growth factor |
/// | `max_series = 2000` | the most series of a family |
/// | `expire = "10m"` | how long a series of a family stays that is not used; also an expression of a `Duration` |
/// | `slo(...)` | what is promised, as below; repeatable |
/// | `nested`, `nested, prefix = "db"` | the field is a group itself |
/// | `skip` | no metric; it takes its default |
///
/// A name that `promtool check metrics` complains of is refused: one with a unit that is no base unit, such as
/// `milliseconds`, or with an abbreviated one, such as `ms`, or with the name of a type, such as `counter`.
///
/// | `slo(...)` | meaning |
/// |---|---|
/// | `availability = 99.9, bad(status = "5..")` | this percentage of the events is good; bad are those whose label matches |
/// | `availability = 99.9, bad = query_errors` | bad are those that another field counts |
/// | `latency = 0.1, percent = 95` | this percentage of the observations takes at most so many seconds |
/// | `mean = 0.1` | the mean of the observations is at most so many seconds |
/// | `bad(status = "5[0-9]+", example = "500")` | a value that matches, for the tests of the alerts, if the pattern has more than `.` and alternatives |
/// | `only(route = "/a")`, `except(route = "/feed/.*")` | the events with this value, without those whose label matches; repeatable |
/// | `name = "api-latency"` | what the objective is called |
///
/// A latency must be a boundary of the buckets: the compiler tells it where they are numbers, else the registration.
#[proc_macro_derive(Metrics, attributes(metrics, metric))]
pub fn derive_metrics(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    group::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
