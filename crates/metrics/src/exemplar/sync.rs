//! What exemplars are made of, in a place of its own so that a model checker can put its own there.

pub(super) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

/// How often a reader looks at what is being written.
pub(super) const TRIES: usize = 64;
