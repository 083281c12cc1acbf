use std::hash::{BuildHasher, RandomState};

use crate::key::Key;

/// A fixed number of `T`s that keys share by their hash.
#[derive(Debug)]
pub(crate) struct Stripes<T> {
    first: T,
    others: Box<[T]>,
    hasher: RandomState,
}

impl<T: Default> Stripes<T> {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            first: T::default(),
            others: (1..count).map(|_| T::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn of(&self, key: &Key) -> &T {
        let count = self.others.len() as u64 + 1;
        let at = usize::try_from(self.hasher.hash_one(key) % count).unwrap_or(0);
        self.others.get(at).unwrap_or(&self.first)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&*self.others)
    }
}
