//! Keeps single callsites from filling the log.

mod bucket;
mod callsite;
mod settings;

pub(crate) use callsite::{CallsiteFlood, Floods};
pub use settings::{Flood, FloodError};
