mod format;
mod text;

pub use format::Format;
pub(crate) use text::{FamilyWriter, Number, TextWriter, escape_label};
