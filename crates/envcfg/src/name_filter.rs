use crate::{Field, Tree};

/// Tells at a glance of nearly every variable of an environment that a configuration does not read it.
///
/// A Bloom filter with one hash function (Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970)
/// over the first eight bytes of the names, made by the compiler.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct NameFilter([u64; WORDS]);

/// The first bytes of a name, one in each byte of the number, and how many there are.
#[derive(Clone, Copy)]
struct Head {
    bytes: u64,
    len: usize,
}

impl NameFilter {
    /// The filter for every name that a configuration reads.
    #[must_use]
    pub const fn of(tree: &[Tree]) -> Self {
        let mut filter = Self([0; WORDS]);
        filter.add_all(Head::EMPTY, tree);
        filter
    }

    /// Whether the name that begins so may be one of those.
    #[cfg(target_os = "linux")]
    pub(crate) fn may_have(&self, first_bytes: u64) -> bool {
        let bit = bit(first_bytes);
        let word = self.0.get(bit / 64).copied().unwrap_or_default();
        word & (1 << (bit % 64)) != 0
    }

    const fn add_all(&mut self, prefix: Head, mut tree: &[Tree]) {
        while let [first, rest @ ..] = tree {
            match first {
                Tree::Field(field) => self.add_field(prefix, field),
                Tree::Nested(own, below) | Tree::Given(own, below) => self.add_all(prefix.then(own), below),
            }
            tree = rest;
        }
    }

    const fn add_field(&mut self, prefix: Head, field: &Field) {
        self.add(prefix.then(field.name));
        if let Some(pointer) = field.file {
            self.add(prefix.then(pointer));
        }
        let mut aliases = field.aliases;
        while let [alias, rest @ ..] = aliases {
            self.add(prefix.then(alias.name));
            aliases = rest;
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "`bit` gives an index below the number of bits"
    )]
    const fn add(&mut self, head: Head) {
        let bit = bit(head.bytes);
        self.0[bit / 64] |= 1 << (bit % 64);
    }
}

impl Head {
    const EMPTY: Self = Self { bytes: 0, len: 0 };

    const fn then(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let ([byte, after @ ..], true) = (rest, self.len < 8) {
            self.bytes |= (*byte as u64) << (self.len * 8);
            self.len += 1;
            rest = after;
        }
        self
    }
}

/// The upper bits of a product with a number that has no pattern (Fibonacci hashing; Knuth, TAOCP 6.4).
const fn bit(first_bytes: u64) -> usize {
    (first_bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

const BITS: u32 = 10;
const WORDS: usize = 1 << (BITS - 6);
