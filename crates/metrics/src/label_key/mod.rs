//! The identity of a label set: hashed, compared with what is stored, or written down, each in one walk.

mod bytes;
mod draft;
mod fixed;
mod hash;
mod record;

pub(crate) use self::{
    draft::Draft,
    hash::Seed,
    record::{KeyLayout, Record},
};

/// In place of a start: the text itself follows in the key.
const COPIED: u16 = u16::MAX;

#[cfg(test)]
mod tests;
