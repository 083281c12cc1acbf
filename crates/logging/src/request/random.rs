use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
};

/// What a thread makes random numbers from: a key that the system gave, and how many were made.
struct Source {
    key: RandomState,
    made: Cell<u64>,
}

thread_local! {
    static SOURCE: Source = Source { key: RandomState::new(), made: Cell::new(0) };
}

/// 64 bits that nobody can guess and no other thread or process repeats: a keyed hash of a counter.
pub(super) fn random() -> u64 {
    let next = |source: &Source| {
        source.made.set(source.made.get().wrapping_add(1));
        source.key.hash_one(source.made.get())
    };
    // A thread that is ending has lost its source.
    SOURCE
        .try_with(next)
        .unwrap_or_else(|_| RandomState::new().hash_one(0))
}
