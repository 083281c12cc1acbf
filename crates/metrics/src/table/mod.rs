//! Hash tables that are read without a lock: the one place with `unsafe` code.
//!
//! In a [`Table`] series never move and never go: a reader needs no guard, and a scrape walks them in the order in which
//! they came. Only insertion takes a mutex. In an [`ExpiringTable`] they go when they are not used.
#![expect(
    unsafe_code,
    reason = "joins the series and their index, which promise each other to live as long"
)]

mod arena;
mod data_arc;
mod expiring;
mod held;
mod hints;
mod index;
mod slot;
mod slots;
mod sync;

use std::sync::{Mutex, PoisonError};

use self::{
    arena::{Arena, New, Tail},
    index::{First, Generations, Index},
};
pub(crate) use self::{
    arena::{Guess, Row},
    data_arc::DataArc,
    expiring::{ExpiringTable, Refused, Use},
    held::Held,
};
use crate::{
    Labels,
    label_key::{Draft, KeyLayout, Record, Seed},
};

/// Cells by label sets.
#[derive(Debug)]
pub(crate) struct Table<C> {
    seed: Seed,
    index: Index,
    arena: Arena<C>,
    writer: Mutex<Writer>,
}

/// What insertion needs; all of it lives as long as the table.
#[derive(Debug)]
struct Writer {
    generations: Generations,
    tail: Tail,
}

/// What a first look finds.
pub(crate) enum Sought<R> {
    Found(R),
    /// Nothing in its slot, as in an empty table.
    Free,
    /// Others in its slot, and it in none.
    Missed,
}

impl<C> Table<C> {
    pub(crate) fn new() -> Self {
        let (index, generations) = Index::new();
        Self {
            seed: Seed::random(),
            index,
            arena: Arena::new(),
            writer: Mutex::new(Writer {
                generations,
                tail: Tail::default(),
            }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.arena.len()
    }

    pub(crate) fn hash<L: Labels>(&self, labels: &L) -> u32 {
        self.seed.hash(labels)
    }

    /// The same, of labels whose layout is given, unless they need a longer search.
    #[inline(always)]
    pub(crate) fn hash_short<L: Labels>(&self, labels: &L, layout: KeyLayout) -> Option<u32> {
        self.seed.hash_short(labels, layout)
    }

    /// The first series that may have this hash.
    #[inline(always)]
    pub(crate) fn first(&self, hash: u32) -> Sought<Guess<'_, C>> {
        let place = match self.index.first(hash) {
            First::Empty => return Sought::Free,
            First::Place(place) => Some(place),
            First::Other(beyond) => beyond.first(),
        };
        match place {
            // SAFETY: what is in a slot is nowhere, or a place as below.
            Some(place) => Sought::Found(unsafe { self.arena.guess(place) }),
            None => Sought::Missed,
        }
    }

    /// The cell of these labels, unless they need a longer search.
    #[cfg(feature = "axum")]
    #[inline(always)]
    pub(crate) fn find_first<L: Labels>(&self, labels: &L) -> Option<&C> {
        let layout = KeyLayout::of(labels);
        match self.first(self.hash_short(labels, layout)?) {
            Sought::Found(guess) => guess.cell_of(labels, layout),
            Sought::Free | Sought::Missed => None,
        }
    }

    /// The cell of these labels, unless a text is copied or long.
    #[inline(always)]
    pub(crate) fn find_short<L: Labels>(&self, labels: &L) -> Option<&C> {
        let layout = KeyLayout::of(labels);
        let mut places = self.index.find(self.hash_short(labels, layout)?);
        // SAFETY: as below, and what is in an index is somewhere.
        places.find_map(|place| unsafe { self.arena.guess(place) }.cell_of(labels, layout))
    }

    /// The cell of these labels, whose hash is given.
    pub(crate) fn find<L: Labels>(&self, labels: &L, hash: u32) -> Option<&C> {
        self.find_where(hash, |record| record.is(labels))
    }

    /// The cell of these labels, made if there is none; nothing when `room` series are there already.
    pub(crate) fn insert(&self, draft: &Draft, room: usize, make: impl FnOnce() -> (C, u32)) -> Option<&C> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.find_where(draft.hash(), |other| other == draft.as_record());
        if let Some(cell) = known {
            return Some(cell);
        }
        let count = self.len();
        if count >= room {
            return None;
        }
        let (cell, note) = make();
        let new = New {
            hash: draft.hash(),
            note,
            key: draft.as_record().key,
            text: draft.as_record().text,
        };
        // SAFETY: the tail is in the mutex of this arena.
        let place = unsafe { self.arena.push(&mut writer.tail, cell, new) }?;
        self.index
            .insert(&mut writer.generations, (place, new.hash), count, || {
                self.arena.iter().map(|(place, row)| (place, row.hash()))
            });
        Some(self.at(place).cell())
    }

    /// All series, oldest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_, C>> {
        self.arena.iter().map(|(_, row)| row)
    }

    fn find_where(&self, hash: u32, is_it: impl Fn(Record<'_>) -> bool) -> Option<&C> {
        let mut rows = self.index.find(hash).map(|place| self.at(place));
        // One in 64 of other hashes looks like this one to the index.
        let row = rows.find(|row| row.hash() == hash && is_it(record(row)))?;
        Some(row.cell())
    }

    /// The series at a place that the index gave, or that was just pushed.
    #[inline(always)]
    fn at(&self, place: u32) -> Row<'_, C> {
        // SAFETY: the place was pushed by this thread, or stored into the index with release ordering after it was, and
        // read from there with acquire ordering.
        unsafe { self.arena.at(place) }
    }
}

impl<'a, C> Guess<'a, C> {
    /// The cell, if it is of these labels; nothing for labels that need a longer search.
    #[inline(always)]
    pub(crate) fn cell_of<L: Labels>(self, labels: &L, layout: KeyLayout) -> Option<&'a C> {
        // With a copied text the key is longer.
        let (row, key, text) = self.with_key_of(layout.len())?;
        Record { key, text }.is_short(labels, layout).then(|| row.cell())
    }
}

#[inline(always)]
fn record<'a, C>(row: &Row<'a, C>) -> Record<'a> {
    Record {
        key: row.key(),
        text: row.text(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::LabelVisitor;

    struct Padded(u32);

    impl Labels for Padded {
        type With<'a> = Self;
        const NAMES: &'static [&'static str] = &["key"];

        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value(&format!("{:024}", self.0));
        }
    }

    #[test]
    fn an_empty_slot_is_no_series_whatever_the_hash_looks_like() {
        let table = Table::<u64>::new();
        // One in 64 looks as if it were in a slot that is empty.
        let is_found = |key: u32| {
            let guess = match table.first(table.hash(&Padded(key))) {
                Sought::Found(guess) => guess.cell_of(&Padded(key), KeyLayout::of(&Padded(key))),
                Sought::Free | Sought::Missed => None,
            };
            guess.or_else(|| table.find_short(&Padded(key))).is_some()
        };
        assert!(!(0..2_000).any(is_found));

        let draft = Draft::new(Padded::NAMES, &Padded(7), table.hash(&Padded(7))).unwrap();
        table.insert(&draft, usize::MAX, || (1, 0)).unwrap();

        assert_eq!((0..2_000).filter(|key| is_found(*key)).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn series_in_chunks_that_are_full_to_the_last_word_are_found_and_shown() {
        // Enough for four full chunks, and for the index to grow after the second one is full.
        let series = if cfg!(miri) { 100 } else { 4 * 37_449 + 1 };
        let table = Table::new();
        table.writer.lock().unwrap().tail = Tail::of_large_chunks();

        for key in 0..series {
            let labels = Padded(key);
            let draft = Draft::new(Padded::NAMES, &labels, table.hash(&labels)).unwrap();
            // With the cell and what the arena knows of it, seven words, of which 37,449 fill a chunk.
            let length = draft.as_record().key.len() + draft.as_record().text.len();
            assert_eq!((8 + 12 + length).div_ceil(8), 7);
            table.insert(&draft, usize::MAX, || (u64::from(key), 0)).unwrap();
        }

        assert_eq!(table.len(), series as usize);
        let shown: HashSet<u64> = table.rows().map(|row| *row.cell()).collect();
        assert_eq!(shown.len(), series as usize);
        for key in 0..series {
            let labels = Padded(key);
            let found = table.find(&labels, table.hash(&labels));
            assert_eq!(found, Some(&u64::from(key)));
        }
    }
}
