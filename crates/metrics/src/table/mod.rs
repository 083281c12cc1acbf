//! A hash table that only grows and is read without a lock: the one place with `unsafe` code.
//!
//! Rows never move and never go: a reader needs no guard, and a scrape walks the rows in the order in which
//! they came. Only insertion takes a mutex.
#![expect(
    unsafe_code,
    reason = "joins rows, texts and index, which promise each other to live as long"
)]

mod held;
mod index;
mod rows;
mod texts;

use std::sync::{Mutex, PoisonError};

pub(crate) use self::held::Held;
use self::{
    index::{Generations, Index},
    rows::Rows,
    texts::{Text, Texts},
};
use crate::{
    Labels,
    label_key::{Draft, Record, Seed},
};

/// Cells by label sets.
#[derive(Debug)]
pub(crate) struct Table<C> {
    seed: Seed,
    index: Index,
    rows: Rows<Row<C>>,
    writer: Mutex<Writer>,
}

/// A cell and its labels.
#[derive(Debug)]
pub(crate) struct Row<C> {
    pub(crate) cell: C,
    text: Text,
}

/// What insertion needs; all of it lives as long as the table.
#[derive(Debug)]
struct Writer {
    generations: Generations,
    texts: Texts,
}

impl<C> Table<C> {
    pub(crate) fn new() -> Self {
        let (index, generations) = Index::new();
        Self {
            seed: Seed::random(),
            index,
            rows: Rows::new(),
            writer: Mutex::new(Writer {
                generations,
                texts: Texts::new(),
            }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    pub(crate) fn hash<L: Labels>(&self, labels: &L) -> u32 {
        self.seed.hash(labels)
    }

    /// The row of these labels, whose hash is given.
    #[inline]
    pub(crate) fn find<L: Labels>(&self, labels: &L, hash: u32) -> Option<&Row<C>> {
        self.find_where(hash, |record| record.is(labels))
    }

    /// The row of these labels, made if there is none; nothing when `room` rows are there already.
    pub(crate) fn insert(
        &self,
        draft: &Draft,
        room: usize,
        make: impl FnOnce() -> (C, u32),
    ) -> Option<&Row<C>> {
        let record = draft.as_record();
        let hash = record.hash();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = self.find_where(hash, |other| other == record) {
            return Some(row);
        }
        if self.len() >= room {
            return None;
        }
        let (cell, note) = make();
        let text = writer.texts.push(record.0, note)?;
        // SAFETY: the mutex lets one writer in.
        let number = unsafe { self.rows.push(Row { cell, text }) }?;
        self.index.insert(&mut writer.generations, number, hash, || {
            self.rows.iter().map(|row| row.record().hash())
        });
        // SAFETY: this thread has just pushed it.
        Some(unsafe { self.rows.at(number) })
    }

    /// All rows, oldest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row<C>> {
        self.rows.iter()
    }

    #[inline]
    fn find_where(&self, hash: u32, is_it: impl Fn(Record<'_>) -> bool) -> Option<&Row<C>> {
        self.index.find(hash, |number| {
            // SAFETY: the number was stored into the index, with release ordering, after it was pushed.
            let row = unsafe { self.rows.at(number) };
            is_it(row.record()).then_some(row)
        })
    }
}

impl<C> Row<C> {
    /// What came with the cell when it was made.
    pub(crate) const fn note(&self) -> u32 {
        self.text.note
    }

    /// The labels as they are exposed.
    pub(crate) fn rendered(&self) -> &str {
        self.record().rendered()
    }

    #[inline]
    fn record(&self) -> Record<'_> {
        // SAFETY: rows are given out as borrowed from the table alone, which keeps the texts.
        Record(unsafe { self.text.bytes() })
    }
}
