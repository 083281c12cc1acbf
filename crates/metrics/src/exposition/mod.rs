mod accept;
mod escape;
mod format;
mod number;
mod protobuf;
mod text;
mod wire;
mod writer;

#[cfg(feature = "http")]
pub(crate) use accept::Accepted;
#[cfg(feature = "gzip")]
pub(crate) use accept::thousandths;
pub(crate) use escape::{escape_label, read_labels};
pub use format::Format;
pub(crate) use number::Number;
#[cfg(feature = "rules")]
pub(crate) use number::push_float;
pub(crate) use writer::{Extras, FamilyWriter, HistogramSample, Options, Writer};
