//! Keeps single callsites from filling the log.

mod bucket;
mod budgets;
mod callsite;
mod key;
mod settings;

pub(crate) use callsite::{CallsiteFlood, Floods};
pub use settings::{Flood, FloodError};
