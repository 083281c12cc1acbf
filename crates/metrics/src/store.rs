use std::{fmt, iter, sync::OnceLock};

use crate::{
    LabelDefinition, Labels, Metric,
    definition::Shape,
    exposition::escape_label,
    label_key::Draft,
    limits::{Limits, Replaced, WithOther},
    series::{Cells, Series},
    table::Table,
    unix_time::Moment,
};

/// The cells of a family.
pub(crate) struct Store<M: Metric> {
    /// The full name.
    name: Box<str>,
    names: &'static [&'static str],
    /// All values of each label, none for one that is open.
    values: &'static [&'static [&'static str]],
    spec: M::Spec,
    born: Moment,
    /// One for every set that there can be, in the order of their positions; empty if a label is open.
    dense: Box<[M::Cell]>,
    /// Theirs, as they are exposed.
    dense_labels: Box<[Box<str>]>,
    series: Table<M::Cell>,
    /// Sets in which values were replaced by `__other__`; apart from the others, so that no number or text of a label
    /// can be taken for it.
    overflow: OnceLock<Box<Table<M::Cell>>>,
    limits: Limits,
    /// For a family of so many names that not even `__other__` for each can be stored.
    lost: OnceLock<Box<M::Cell>>,
}

/// Which series it is, and when it began, in tenths of a second after the family.
struct Place {
    row: usize,
    note: u32,
}

impl<M: Metric> Store<M> {
    pub(crate) fn new<L: Labels>(name: &str, spec: M::Spec, max_values: &[usize], max_series: usize) -> Self {
        let dense_labels = dense_labels(L::NAMES, L::VALUES);
        Self {
            name: name.into(),
            names: L::NAMES,
            values: L::VALUES,
            born: Moment::now(),
            dense: dense_labels.iter().map(|_| M::cell(&spec)).collect(),
            dense_labels: dense_labels.into_iter().map(Into::into).collect(),
            series: Table::new(),
            overflow: OnceLock::new(),
            limits: Limits::new(L::NAMES, max_values, max_series),
            lost: OnceLock::new(),
            spec,
        }
    }

    /// The cell of these labels, made if need be.
    #[inline]
    pub(crate) fn cell<L: Labels>(&self, labels: &L) -> &M::Cell {
        if const { is_dense(L::VALUES) } {
            return match self.dense.get(labels.position()) {
                Some(cell) => cell,
                None => self.undreamt(labels),
            };
        }
        self.searched(labels)
    }

    #[inline]
    fn searched<L: Labels>(&self, labels: &L) -> &M::Cell {
        let hash = self.series.hash(labels);
        match self.series.find(labels, hash) {
            Some(cell) => cell,
            None => self.unknown(labels, hash),
        }
    }

    /// For a set that says it is none of those that there can be.
    #[cold]
    #[inline(never)]
    fn undreamt<L: Labels>(&self, labels: &L) -> &M::Cell {
        self.searched(labels)
    }

    pub(crate) fn count(&self) -> usize {
        self.dense.len() + self.series.len() + self.overflow.get().map_or(0, |overflow| overflow.len())
    }

    /// Shows the rendered labels and the cell of every series.
    fn each_cell(&self, mut show: impl FnMut(Place, &str, &M::Cell)) {
        for (row, (cell, labels)) in iter::zip(&self.dense, &self.dense_labels).enumerate() {
            if M::was_used(cell) {
                show(Place { row, note: 0 }, labels, cell);
            }
        }
        let mut rows = |from: usize, table: &Table<M::Cell>| {
            let mut number = from;
            table.rows().for_each(|row| {
                let place = Place {
                    row: number,
                    note: row.note(),
                };
                number += 1;
                show(place, row.text(), row.cell());
            });
        };
        rows(self.dense.len(), &self.series);
        if let Some(overflow) = self.overflow.get() {
            rows(OVERFLOW, overflow);
        }
    }

    /// Shows the values of the labels, in order, and the cell of every series.
    #[cfg(feature = "axum")]
    pub(crate) fn each_labelled(&self, mut show: impl FnMut(&[&str], &M::Cell)) {
        self.each_cell(|_, labels, cell| {
            let pairs = crate::series::pairs(labels);
            let values: Vec<&str> = pairs.iter().map(|(_, value)| &**value).collect();
            show(&values, cell);
        });
    }

    #[cold]
    #[inline(never)]
    fn unknown<L: Labels>(&self, labels: &L, hash: u32) -> &M::Cell {
        if let Some(cell) = self.series.find_exactly(labels, hash) {
            return cell;
        }
        let replaced = self.limits.replaced(labels, &self.name);
        if !replaced.is_none() {
            return self.overflowed(labels, replaced);
        }
        // The labels are walked before any lock is taken: their code may use this family, too.
        if self.series.len() < self.limits.max_series()
            && let Some(draft) = Draft::new(self.names, labels, hash)
            && let Some(cell) = self.series.insert(&draft, self.room(), || self.new_cell())
        {
            return cell;
        }
        self.overflowed(labels, self.limits.full(&self.name))
    }

    fn overflowed<L: Labels>(&self, labels: &L, replaced: Replaced) -> &M::Cell {
        let overflow = self.overflow.get_or_init(|| Box::new(Table::new()));
        let other = WithOther { labels, replaced };
        let hash = overflow.hash(&other);
        if let Some(cell) = overflow.find_exactly(&other, hash) {
            return cell;
        }
        let is_full = replaced.is_all();
        // The one series of a full family always has room.
        let room = if is_full {
            usize::MAX
        } else {
            self.limits.max_series().saturating_sub(self.series.len())
        };
        let cell = Draft::new(self.names, &other, hash)
            .and_then(|draft| overflow.insert(&draft, room, || self.new_cell()));
        match cell {
            Some(cell) => cell,
            None if is_full => self.lost.get_or_init(|| Box::new(M::cell(&self.spec))),
            None => self.overflowed(labels, self.limits.full(&self.name)),
        }
    }

    /// How many series the main table may have while the others are what they are.
    fn room(&self) -> usize {
        let others = self.overflow.get().map_or(0, |overflow| overflow.len());
        self.limits.max_series().saturating_sub(others)
    }

    fn new_cell(&self) -> (M::Cell, u32) {
        (M::cell(&self.spec), self.born.tenths_since())
    }
}

impl<M: Metric> Cells for Store<M> {
    fn is_empty(&self) -> bool {
        self.series.len() == 0
            && !self.dense.iter().any(M::was_used)
            && self.overflow.get().is_none_or(|overflow| overflow.len() == 0)
    }

    fn len(&self) -> usize {
        self.count()
    }

    fn shape(&self) -> Shape {
        let values = self.values.iter().copied().chain(iter::repeat(&[][..]));
        let labels = self.names.iter().zip(values);
        Shape {
            labels: labels
                .map(|(name, values)| LabelDefinition::new(name, values))
                .collect(),
            buckets: M::bounds(&self.spec).to_vec(),
        }
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        self.each_cell(|place, labels, cell| {
            show(&Series {
                labels,
                value: M::read(cell),
                exemplars: M::exemplars(cell),
                created: self.born.plus_tenths(place.note),
                row: place.row,
            });
        });
    }

    fn each_overflow(&self, show: &mut dyn FnMut(&str, u64)) {
        self.limits.each_overflow(show);
    }

    fn rejected(&self) -> u64 {
        M::rejected(&self.spec)
    }
}

impl<M: Metric> fmt::Debug for Store<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("name", &self.name)
            .field("labels", &self.names)
            .field("series", &self.count())
            .finish_non_exhaustive()
    }
}

/// Whether all label sets of these values get a cell from the start.
const fn is_dense(values: &[&[&str]]) -> bool {
    let mut sets = 1;
    let mut rest = values;
    while let [label, after @ ..] = rest {
        sets *= label.len();
        if sets == 0 || sets > MAX_DENSE {
            return false;
        }
        rest = after;
    }
    !values.is_empty()
}

/// The rendered labels of every set, the last label changing fastest.
fn dense_labels(names: &[&str], values: &[&[&str]]) -> Vec<String> {
    if !is_dense(values) {
        return Vec::new();
    }
    let mut sets = vec![String::new()];
    for (name, values) in names.iter().zip(values) {
        sets = sets
            .iter()
            .flat_map(|set| {
                values.iter().map(|value| {
                    let mut set = set.clone();
                    escape_label(&mut set, name, value);
                    set
                })
            })
            .collect();
    }
    sets
}

const MAX_DENSE: usize = 256;
/// The number of the first row that is an overflow; there are never as many others.
const OVERFLOW: usize = 1 << 26;
