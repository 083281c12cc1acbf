use std::{ffi::OsString, ops::Range, os::unix::ffi::OsStringExt};

use text::Text;

use crate::{EnvSource, Glance, NameFilter, Origin, ProcessEnv, Value};

mod environ;
mod text;

/// A copy of those variables of the process environment that a configuration reads, with an index of their names.
///
/// `getenv` goes through the whole environment for each name it is asked for, and a load asks for every variable.
/// One walk with a filter takes a fraction of that.
pub(crate) struct Snapshot<'f> {
    filter: &'f NameFilter,
    text: Text,
    variables: Vec<Variable>,
    /// A hash table with open addressing, at most half full: 0 is free, n is the n-th variable.
    slots: Vec<usize>,
}

/// Where `NAME=value` stands in the text.
struct Variable {
    hash: u64,
    name: usize,
    equals: usize,
    end: usize,
}

impl<'f> Snapshot<'f> {
    /// Copies the environment as it is now.
    pub(crate) fn take(filter: &'f NameFilter) -> Self {
        Self::of(filter, |each| environ::for_each(each))
    }

    fn of(filter: &'f NameFilter, walk: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Self {
        let mut text = Vec::with_capacity(BYTES);
        let mut variables = Vec::with_capacity(VARIABLES);
        walk(&mut |variable| {
            if !filter.may_have(head(variable)) {
                return;
            }
            let Some((hash, length)) = split(variable) else {
                return;
            };
            let name = text::append(&mut text, variable);
            variables.push(Variable {
                hash,
                name,
                equals: name + length,
                end: name + variable.len(),
            });
        });
        let mut snapshot = Self {
            filter,
            text: Text::from(text),
            slots: vec![0; (variables.len() * 2 + 1).next_power_of_two()],
            variables,
        };
        snapshot.index();
        snapshot
    }

    /// Of two variables with one name the first counts, as with `getenv`.
    fn index(&mut self) {
        for number in 1..=self.variables.len() {
            if let Some(free) = self.free_slot(number).and_then(|slot| self.slots.get_mut(slot)) {
                *free = number;
            }
        }
    }

    /// Where the n-th variable belongs, unless another has its name.
    fn free_slot(&self, number: usize) -> Option<usize> {
        let variable = self.variables.get(number - 1)?;
        let name = self.text.bytes().get(variable.name..variable.equals)?;
        let (slot, found) = self.search(variable.hash, name);
        found.is_none().then_some(slot)
    }

    /// The variable of this name and its slot, or the free slot where it would be.
    fn search(&self, hash: u64, name: &[u8]) -> (usize, Option<&Variable>) {
        let mask = self.slots.len() - 1;
        let mut slot = spread(hash) & mask;
        loop {
            let number = self.slots.get(slot).copied().unwrap_or_default();
            let Some(variable) = number.checked_sub(1).and_then(|at| self.variables.get(at)) else {
                return (slot, None);
            };
            let found = self.text.bytes().get(variable.name..variable.equals);
            if variable.hash == hash && found == Some(name) {
                return (slot, Some(variable));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Where the value is, if there is one.
    fn value(&self, name: &str) -> Option<Range<usize>> {
        let (_, variable) = self.search(hash(name.as_bytes()), name.as_bytes());
        variable.map(|variable| variable.equals + 1..variable.end)
    }

    /// Whether the variable would have been copied; a condition may ask for one that no field reads.
    fn covers(&self, name: &str) -> bool {
        self.filter.may_have(head(name.as_bytes()))
    }
}

impl EnvSource for Snapshot<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        let Some(at) = self.value(name) else {
            return if self.covers(name) {
                None
            } else {
                ProcessEnv.lookup(name)
            };
        };
        let text = OsString::from_vec(self.text.bytes().get(at)?.to_vec());
        Some(Value::new(text, Origin::Environment))
    }

    fn names(&self) -> Vec<String> {
        ProcessEnv.names()
    }

    fn glance(&self, name: &str) -> Glance<'_> {
        match self.value(name) {
            Some(at) => self.text.glance(at),
            None if self.covers(name) => Glance::Unset,
            None => ProcessEnv.glance(name),
        }
    }
}

/// The first bytes of the name in `NAME=value`, or of a name alone.
fn head(text: &[u8]) -> u64 {
    let word = match text.first_chunk() {
        Some(word) => *word,
        None => padded(text),
    };
    let word = u64::from_le_bytes(word);
    first_equals(word).map_or(word, |at| below(word, at))
}

/// The bytes of a word before one of them.
const fn below(word: u64, at: usize) -> u64 {
    word & !(u64::MAX << (at * 8))
}

/// The hash and the length of the name in `NAME=value`, found in one go; `None` if there is no name.
fn split(variable: &[u8]) -> Option<(u64, usize)> {
    let (words, rest) = variable.as_chunks();
    let mut hash = 0;
    let words = words.iter().copied().chain([padded(rest)]);
    for (word, start) in words.map(u64::from_le_bytes).zip((0..).step_by(WORD)) {
        let Some(at) = first_equals(word) else {
            hash = mix(hash, word);
            continue;
        };
        let length = start + at;
        return (length > 0).then(|| (mix(hash, below(word, at)), length));
    }
    None
}

fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let words = words.iter().copied().chain([padded(rest)]);
    words.map(u64::from_le_bytes).fold(0, mix)
}

fn padded(rest: &[u8]) -> [u8; WORD] {
    let mut word = [0; WORD];
    for (to, from) in word.iter_mut().zip(rest) {
        *to = *from;
    }
    word
}

/// The index of the first `=` among the bytes of a word: a byte is zero if taking one from it borrows, and nothing
/// below it did ("Determine if a word has a zero byte", Bit Twiddling Hacks).
const fn first_equals(word: u64) -> Option<usize> {
    let zero_at_equals = word ^ (ONES * b'=' as u64);
    let found = zero_at_equals.wrapping_sub(ONES) & !zero_at_equals & (ONES << 7);
    match found {
        0 => None,
        found => Some((found.trailing_zeros() / 8) as usize),
    }
}

/// One step of the hash that rustc uses (`FxHash`).
const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// The upper bits of the hash are the good ones.
const fn spread(hash: u64) -> usize {
    (hash >> 32) as usize
}

const WORD: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;

/// What most configurations fit in.
const BYTES: usize = 2 << 10;
const VARIABLES: usize = 32;

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, env, os::unix::ffi::OsStrExt};

    use proptest::prelude::*;

    use super::*;
    use crate::{Field, Tree};

    fn snapshot<'f>(filter: &'f NameFilter, variables: &[&[u8]]) -> Snapshot<'f> {
        Snapshot::of(filter, |each| variables.iter().copied().for_each(each))
    }

    fn read<'s>(snapshot: &'s Snapshot<'_>, name: &str) -> Option<&'s [u8]> {
        snapshot.text.bytes().get(snapshot.value(name)?)
    }

    /// A filter that lets every variable of these names through.
    fn filter(names: &[&str]) -> NameFilter {
        let field = |name: &str| Field::new(String::from(name).leak(), "field");
        let tree = |name| Tree::Field(Box::leak(Box::new(field(name))));
        NameFilter::of(&names.iter().copied().map(tree).collect::<Vec<_>>())
    }

    #[test]
    fn it_has_what_std_has() {
        let all: Vec<_> = env::vars()
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .collect();
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        let filter = filter(&names);

        let snapshot = Snapshot::take(&filter);

        assert!(all.len() > 1, "{all:?}");
        for (name, value) in &all {
            assert_eq!(read(&snapshot, name), Some(value.as_bytes()), "{name}");
        }
        assert_eq!(snapshot.value("SURELY_NOT_SET_ANYWHERE"), None);
    }

    #[test]
    fn a_variable_that_no_field_reads_is_found_too() {
        let filter = NameFilter::of(&[]);
        let snapshot = Snapshot::take(&filter);

        let path = env::var_os("PATH").expect("a test has a path");

        assert!(snapshot.variables.is_empty());
        assert!(matches!(snapshot.glance("PATH"), Glance::Text(text) if text.as_bytes() == path.as_bytes()));
        assert_eq!(
            snapshot.lookup("PATH").map(|value| value.into_parts().0),
            Some(path)
        );
    }

    #[test]
    fn of_two_variables_with_one_name_the_first_counts() {
        let filter = filter(&["PORT"]);

        let snapshot = snapshot(&filter, &[b"PORT=1", b"PORT=2"]);

        assert_eq!(read(&snapshot, "PORT"), Some(&b"1"[..]));
    }

    #[test]
    fn a_value_may_be_empty_hold_an_equals_sign_or_be_no_unicode() {
        let filter = filter(&["EMPTY", "QUERY", "BYTES"]);

        let snapshot = snapshot(&filter, &[b"EMPTY=", b"QUERY=a=b", b"BYTES=\xff"]);

        assert!(matches!(snapshot.glance("EMPTY"), Glance::Unset));
        assert!(matches!(snapshot.glance("QUERY"), Glance::Text(text) if text == "a=b"));
        assert!(matches!(snapshot.glance("BYTES"), Glance::Odd));
    }

    #[test]
    fn what_has_no_name_is_no_variable() {
        let filter = filter(&["", "words", "eightchr"]);

        let snapshot = snapshot(&filter, &[b"=value", b"words", b"", b"eightchr"]);

        assert!(snapshot.variables.is_empty());
        assert_eq!(snapshot.value(""), None);
    }

    #[test]
    fn a_filter_knows_the_names_of_nested_fields_with_their_prefix() {
        const PORT: Field = Field::new("PORT", "port").file("PORT_FILE");
        let filter = NameFilter::of(&[Tree::Nested("A_", &[Tree::Nested("BC_", &[Tree::Field(&PORT)])])]);

        let snapshot = snapshot(&filter, &[b"A_BC_PORT=1", b"A_BC_PORT_FILE=2", b"PORT=3"]);

        assert_eq!(read(&snapshot, "A_BC_PORT"), Some(&b"1"[..]));
        assert_eq!(read(&snapshot, "A_BC_PORT_FILE"), Some(&b"2"[..]));
        assert!(!snapshot.covers("PORT"));
    }

    proptest! {
        #[test]
        fn every_name_is_found_and_no_other(
            variables in prop::collection::vec("[A-C_]{0,20}(=[A-C=]{0,9})?", 0..200),
            other in "[A-C_]{0,20}",
        ) {
            let mut expected = HashMap::new();
            for (name, value) in variables.iter().filter_map(|text| text.split_once('=')) {
                if !name.is_empty() {
                    expected.entry(name).or_insert(value);
                }
            }
            let names: Vec<_> = expected.keys().copied().collect();
            let filter = filter(&names);

            let bytes: Vec<_> = variables.iter().map(|text| text.as_bytes()).collect();
            let snapshot = snapshot(&filter, &bytes);

            for (name, value) in &expected {
                prop_assert_eq!(read(&snapshot, name), Some(value.as_bytes()));
            }
            prop_assert_eq!(read(&snapshot, &other), expected.get(other.as_str()).map(|text| text.as_bytes()));
        }
    }
}
