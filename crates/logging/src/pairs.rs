/// Encoded pairs, and where each stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) text: String,
    /// Those that stand beside the object of the fields.
    pub(crate) lifted: String,
    pub(crate) entries: Vec<Entry>,
}

/// Where one pair stands in its text, with its comma.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) field: u32,
    pub(crate) part: Part,
    pub(crate) is_lifted: bool,
    /// The value is not there as a whole, or not at all.
    pub(crate) is_cut: bool,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A field makes one pair, an error with sources two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Value,
    Chain,
}

/// The fields that have a pair, a bit each. Those beyond the bits may have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Present {
    values: u64,
    chains: u64,
}

impl Pairs {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.lifted.clear();
        self.entries.clear();
    }

    /// Lets go of memory beyond so many bytes, and of what is in it.
    pub(crate) fn shrink(&mut self, most: usize) {
        for text in [&mut self.text, &mut self.lifted] {
            if text.capacity() > most {
                text.clear();
                text.shrink_to(most);
            }
        }
    }

    /// The pair of one of the entries.
    pub(crate) fn get(&self, entry: &Entry) -> &str {
        let text = if entry.is_lifted { &self.lifted } else { &self.text };
        text.get(entry.start as usize..entry.end as usize)
            .unwrap_or_default()
    }

    pub(crate) const fn len(&self) -> usize {
        self.text.len() + self.lifted.len()
    }

    /// Puts `first`, and what is lifted behind it, at a place in the text.
    #[inline(never)]
    pub(crate) fn lead(&mut self, at: usize, first: &str) {
        self.text.insert_str(at, &self.lifted);
        self.text.insert_str(at, first);
        self.lifted.clear();
    }

    /// Appends all of another one.
    pub(crate) fn append(&mut self, other: &Self) {
        let (text, lifted) = (offset(&self.text), offset(&self.lifted));
        self.text.push_str(&other.text);
        if !other.lifted.is_empty() {
            self.lifted.push_str(&other.lifted);
        }
        if text == 0 && lifted == 0 {
            return self.entries.extend_from_slice(&other.entries);
        }
        self.entries.extend(other.entries.iter().map(|entry| {
            let base = if entry.is_lifted { lifted } else { text };
            let (start, end) = (entry.start + base, entry.end + base);
            Entry { start, end, ..*entry }
        }));
    }

    /// Whether each field has one value.
    pub(crate) fn is_distinct(&self) -> bool {
        (0..self.entries.len()).all(|at| self.is_last(at))
    }

    /// Those with the last value of each field.
    pub(crate) fn distinct(&self) -> Self {
        let mut all = Self::default();
        for (at, entry) in self.entries.iter().enumerate() {
            if self.is_last(at) {
                all.copy(self, entry);
            }
        }
        all
    }

    /// Whether no later entry gives the field of the one at `at` another value.
    fn is_last(&self, at: usize) -> bool {
        let Some((entry, later)) = self.entries.get(at..).and_then(<[_]>::split_first) else {
            return true;
        };
        let mut later = later.iter();
        later.all(|other| other.field != entry.field || other.part == Part::Chain)
    }

    /// Appends a pair of another one.
    fn copy(&mut self, from: &Self, entry: &Entry) {
        let text = if entry.is_lifted {
            &mut self.lifted
        } else {
            &mut self.text
        };
        let start = offset(text);
        text.push_str(from.get(entry));
        let end = offset(text);
        self.entries.push(Entry { start, end, ..*entry });
    }
}

impl Present {
    /// The number of fields that are told apart.
    pub(crate) const TOLD: usize = 64;

    pub(crate) const fn has(self, field: usize, part: Part) -> bool {
        let bits = match part {
            Part::Value => self.values,
            Part::Chain => self.chains,
        };
        field >= Self::TOLD || bits & bit(field) != 0
    }

    pub(crate) const fn add(&mut self, field: usize, part: Part) {
        match part {
            Part::Value => self.values |= bit(field),
            Part::Chain => self.chains |= bit(field),
        }
    }
}

impl Entry {
    /// Whether it only says that a value had no room.
    pub(crate) const fn is_lost(&self) -> bool {
        self.start == self.end
    }

    /// Says of a field of an event that it has a value.
    pub(crate) fn told(field: usize) -> Self {
        Self::of_default(field, 0, 0)
    }

    /// The pair of a default, which has the place of a field.
    pub(crate) fn of_default(at: usize, start: usize, end: usize) -> Self {
        Self {
            field: small(at),
            part: Part::Value,
            is_lifted: false,
            is_cut: false,
            start: small(start),
            end: small(end),
        }
    }
}

fn offset(text: &str) -> u32 {
    small(text.len())
}

const fn bit(field: usize) -> u64 {
    if field < Present::TOLD { 1 << field } else { 0 }
}

/// A line is at most some mebibytes long, and a callsite has some dozens of fields.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
