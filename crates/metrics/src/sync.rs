//! What sets that threads read without a lock are made of, in a place of its own so that a model checker can put its own
//! there.

pub(super) use std::{
    hash::RandomState,
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering, fence},
    },
};
