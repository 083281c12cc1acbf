use std::{
    fmt, iter,
    sync::{Arc, OnceLock},
};

use crate::{
    LabelDefinition, Labels, Metric,
    definition::Shape,
    expiry::{ExpireAfter, Expiry, Overflow},
    exposition::escape_label,
    label_key::{Draft, KeyLayout},
    limits::{Limits, Replaced, WithOther},
    positioned::Positioned,
    series::{Cells, Series},
    table::{Held, Sought, Table},
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
    /// In place of the former and of `overflow`, in a family whose series expire: there these remain empty, so that
    /// other families need not ask.
    expiry: Option<Expiry<M::Cell>>,
    /// Sets in which values were replaced by `__other__`; apart from the others, so that no number or text of a label
    /// can be taken for it.
    overflow: OnceLock<Box<Table<M::Cell>>>,
    limits: Limits,
    /// For a family of so many names that not even `__other__` for each can be stored.
    lost: OnceLock<Box<M::Cell>>,
}

/// What a family may have, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Of each label, 0 for none.
    pub(crate) max_values: Vec<usize>,
    pub(crate) max_series: usize,
    pub(crate) expire: Option<ExpireAfter>,
}

impl<M: Metric> Store<M> {
    pub(crate) fn new<L: Labels>(name: &str, spec: M::Spec, bounds: &Bounds) -> Self {
        let dense_labels = match bounds.expire {
            None => dense_labels(L::NAMES, L::VALUES),
            Some(_) => Vec::new(),
        };
        Self {
            name: name.into(),
            names: L::NAMES,
            values: L::VALUES,
            born: Moment::now(),
            dense: dense_labels.iter().map(|_| M::cell(&spec)).collect(),
            dense_labels: dense_labels.into_iter().map(Into::into).collect(),
            series: Table::new(),
            expiry: bounds
                .expire
                .as_ref()
                .map(|after| Expiry::new(after, &bounds.max_values)),
            overflow: OnceLock::new(),
            limits: Limits::new(L::NAMES, &bounds.max_values, bounds.max_series),
            lost: OnceLock::new(),
            spec,
        }
    }

    /// Records into the cell of these labels, made if need be.
    #[inline(always)]
    pub(crate) fn record<L: Labels, T>(&self, labels: &L, record: impl FnOnce(&M::Cell) -> T) -> T {
        if const { is_dense(L::VALUES) } {
            let position = labels.position();
            // Of derived labels the compiler knows that it is. What comes then does not need them in memory.
            if position < const { sets(L::VALUES) } {
                return match self.dense.get(position) {
                    Some(cell) => record(cell),
                    None => self.expiring(position, record),
                };
            }
            return self.undreamt(labels, record);
        }
        self.searched(labels, record)
    }

    /// The cell of these labels, kept for as long as it is held.
    pub(crate) fn hold<L: Labels>(self: Arc<Self>, labels: &L) -> Held<M::Cell> {
        let position = labels.position();
        if const { is_dense(L::VALUES) } && self.expiry.is_some() && position < const { sets(L::VALUES) } {
            let values = self.values;
            return self.hold_these(&Positioned::new(values, position));
        }
        self.hold_these(labels)
    }

    fn hold_these<L: Labels>(self: Arc<Self>, labels: &L) -> Held<M::Cell> {
        Held::of_or(self, |store| match &store.expiry {
            None => Ok(store.lasting(labels)),
            Some(expiry) => match store.in_use(expiry, labels, store.series.hash(labels)) {
                Ok(used) => Err(expiry.hold(used)),
                Err(Overflow::Used(used)) => Err(expiry.hold_overflow(used)),
                Err(Overflow::Lost(cell)) => Ok(cell),
            },
        })
    }

    /// Whatever takes longer is left by a call that is the last thing done: so what is usual has no registers to save.
    #[inline(always)]
    fn searched<L: Labels, T>(&self, labels: &L, record: impl FnOnce(&M::Cell) -> T) -> T {
        let layout = KeyLayout::of(labels);
        let Some(hash) = self.series.hash_short(labels, layout) else {
            return self.unusual(labels, record);
        };
        let guess = match self.series.first(hash) {
            Sought::Found(guess) => guess,
            Sought::Free => return self.absent(labels, hash, record),
            Sought::Missed => return self.unusual(labels, record),
        };
        match guess.cell_of(labels, layout) {
            Some(cell) => record(cell),
            None => self.mistaken(labels, record),
        }
    }

    /// For a set that looks like another to the index. Of some hundred series a few do, always, so they shall not cost much.
    ///
    /// It hashes again: what is usual does not have to remember for it.
    #[inline(never)]
    fn mistaken<L: Labels, T>(&self, labels: &L, record: impl FnOnce(&M::Cell) -> T) -> T {
        match self.series.find_short(labels) {
            Some(cell) => record(cell),
            None => self.unusual(labels, record),
        }
    }

    /// For a set of those that there can be, in a family whose series expire.
    #[cold]
    #[inline(never)]
    fn expiring<T>(&self, position: usize, record: impl FnOnce(&M::Cell) -> T) -> T {
        self.searched(&Positioned::new(self.values, position), record)
    }

    /// For a set that says it is none of those that there can be.
    #[cold]
    #[inline(never)]
    fn undreamt<L: Labels, T>(&self, labels: &L, record: impl FnOnce(&M::Cell) -> T) -> T {
        self.searched(labels, record)
    }

    /// For a set that is new, or in a family whose series expire.
    #[inline(never)]
    fn absent<L: Labels, T>(&self, labels: &L, hash: u32, record: impl FnOnce(&M::Cell) -> T) -> T {
        if let Some(expiry) = &self.expiry
            && let Some(used) = expiry.find_short(labels, (hash, KeyLayout::of(labels)))
        {
            return record(used.cell());
        }
        self.unusual(labels, record)
    }

    /// For a set that is new, or has a long text.
    ///
    /// It hashes again, as well.
    #[cold]
    #[inline(never)]
    fn unusual<L: Labels, T>(&self, labels: &L, record: impl FnOnce(&M::Cell) -> T) -> T {
        let hash = self.series.hash(labels);
        match &self.expiry {
            None => record(self.find_or_make(labels, hash)),
            Some(expiry) => match self.in_use(expiry, labels, hash) {
                Ok(used) => record(used.cell()),
                Err(overflow) => record(overflow.cell()),
            },
        }
    }

    /// The cell of these labels, made if need be, in a family whose series do not expire.
    fn lasting<L: Labels>(&self, labels: &L) -> &M::Cell {
        if let Some(cell) = self.dense.get(labels.position()) {
            return cell;
        }
        self.find_or_make(labels, self.series.hash(labels))
    }

    pub(crate) fn count(&self) -> usize {
        self.dense.len() + self.known() + self.others()
    }

    /// How many series there are that are neither dense nor an overflow.
    fn known(&self) -> usize {
        self.series.len() + self.expiry.as_ref().map_or(0, Expiry::len)
    }

    /// How many series there are for what has no series of its own.
    fn others(&self) -> usize {
        let others = self.overflow.get().map_or(0, |overflow| overflow.len());
        others + self.expiry.as_ref().map_or(0, Expiry::overflow_len)
    }

    /// Shows the rendered labels and the cell of every series, and when it began.
    fn each_cell(&self, mut show: impl FnMut(&str, &M::Cell, u64)) {
        for (cell, labels) in iter::zip(&self.dense, &self.dense_labels) {
            if M::was_used(cell) {
                show(labels, cell, self.born.plus_tenths(0));
            }
        }
        let tables = [
            Some(&self.series),
            self.overflow.get().map(|overflow| &**overflow),
        ];
        if let Some(expiry) = &self.expiry {
            expiry.each(&mut show);
        }
        for row in tables.into_iter().flatten().flat_map(Table::rows) {
            show(row.text(), row.cell(), self.born.plus_tenths(row.note()));
        }
    }

    /// Shows the values of the labels, in order, and the cell of every series.
    #[cfg(feature = "axum")]
    pub(crate) fn each_labelled(&self, mut show: impl FnMut(&[&str], &M::Cell)) {
        self.each_cell(|labels, cell, _| {
            let pairs = crate::series::pairs(labels);
            let values: Vec<&str> = pairs.iter().map(|(_, value)| &**value).collect();
            show(&values, cell);
        });
    }

    fn find_or_make<L: Labels>(&self, labels: &L, hash: u32) -> &M::Cell {
        if let Some(cell) = self.series.find(labels, hash) {
            return cell;
        }
        let replaced = self.limits.replaced(labels, &self.name);
        if !replaced.is_none() {
            return self.overflowed(labels, replaced);
        }
        // The labels are walked before any lock is taken: their code may use this family, too.
        let room = self.room();
        // Strangers that fill a family up come here often: no lock for them.
        if self.series.len() < room
            && let Some(draft) = Draft::new(self.names, labels, hash)
            && let Some(cell) = self.series.insert(&draft, room, || self.new_cell())
        {
            return cell;
        }
        self.overflowed(labels, self.limits.full(&self.name))
    }

    fn overflowed<L: Labels>(&self, labels: &L, replaced: Replaced) -> &M::Cell {
        let overflow = self.overflow.get_or_init(|| Box::new(Table::new()));
        let other = WithOther { labels, replaced };
        let hash = overflow.hash(&other);
        if let Some(cell) = overflow.find(&other, hash) {
            return cell;
        }
        let is_full = replaced.is_all();
        // The one series of a full family always has room.
        let room = if is_full {
            usize::MAX
        } else {
            self.limits.max_series().saturating_sub(self.known())
        };
        if overflow.len() >= room {
            return self.overflowed(labels, self.limits.full(&self.name));
        }
        let cell = Draft::new(self.names, &other, hash)
            .and_then(|draft| overflow.insert(&draft, room, || self.new_cell()));
        match cell {
            Some(cell) => cell,
            None if is_full => self.lost(),
            None => self.overflowed(labels, self.limits.full(&self.name)),
        }
    }

    /// How many series the main table may have while the others are what they are.
    pub(crate) fn room(&self) -> usize {
        self.limits.max_series().saturating_sub(self.others())
    }

    pub(crate) fn lost(&self) -> &M::Cell {
        self.lost.get_or_init(|| Box::new(M::cell(&self.spec)))
    }

    pub(crate) fn hash<L: Labels>(&self, labels: &L) -> u32 {
        self.series.hash(labels)
    }

    fn new_cell(&self) -> (M::Cell, u32) {
        (self.cell_of_spec(), self.born.tenths_since())
    }

    pub(crate) fn cell_of_spec(&self) -> M::Cell {
        M::cell(&self.spec)
    }

    pub(crate) fn draft<L: Labels>(&self, labels: &L, hash: u32) -> Option<Draft> {
        Draft::new(self.names, labels, hash)
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn name(&self) -> &str {
        &self.name
    }
}

impl<M: Metric> Cells for Store<M> {
    fn is_empty(&self) -> bool {
        self.known() == 0 && !self.dense.iter().any(M::was_used) && self.others() == 0
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
        self.each_cell(|labels, cell, created| {
            show(&Series {
                labels,
                value: M::read(cell),
                exemplars: M::exemplars(cell),
                created,
            });
        });
    }

    fn sweep(&self) {
        if let Some(expiry) = &self.expiry {
            expiry.sweep();
        }
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
    let mut sets: usize = 1;
    let mut rest = values;
    while let [label, after @ ..] = rest {
        sets = sets.saturating_mul(label.len());
        if sets == 0 || sets > MAX_DENSE {
            return false;
        }
        rest = after;
    }
    !values.is_empty()
}

/// How many sets of these values there are, where all get a cell from the start.
const fn sets(values: &[&[&str]]) -> usize {
    let mut sets: usize = 1;
    let mut rest = values;
    while let [label, after @ ..] = rest {
        // Of sets that are too many it does not matter how many they are.
        sets = sets.saturating_mul(label.len());
        rest = after;
    }
    sets
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

#[cfg(test)]
impl<M: Metric> Store<M> {
    /// Of a family whose series expire.
    pub(crate) const fn expiry(&self) -> Option<&Expiry<M::Cell>> {
        self.expiry.as_ref()
    }
}
