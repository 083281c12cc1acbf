//! Keeps single callsites from filling the log.

mod bucket;
mod budgets;
mod callsite;
mod control;
mod hash;
mod key;
mod settings;
mod span_key;
mod summary;
mod tally;
mod value;

pub(crate) use callsite::{CallsiteFlood, Suppressed};
pub(crate) use control::FloodControl;
pub use settings::{Flood, FloodError};
pub(crate) use span_key::SpanKey;
pub(crate) use summary::{Floods, SUMMARY_INTERVAL, Said};
pub(crate) use value::{pair_value, shown_value};
