use std::hash::{BuildHasher as _, RandomState};

/// What the hashes of a process begin with: who chooses values cannot choose their hashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub(super) fn of(self, first: u64, second: u64) -> u64 {
        fold(fold(self.0 ^ first) ^ second)
    }
}

/// Hashes a text that comes in parts, wherever it is cut: much shorter work than that of the standard library.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextHash {
    state: u64,
    /// Bytes that make no whole word yet.
    tail: u64,
    length: u64,
}

impl TextHash {
    pub(super) const fn new(Seed(seed): Seed) -> Self {
        Self {
            state: seed,
            tail: 0,
            length: 0,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.length.is_multiple_of(WORD) {
            let (words, tail) = bytes.as_chunks();
            for word in words {
                self.state = fold(self.state ^ u64::from_le_bytes(*word));
                self.length += WORD;
            }
            rest = tail;
        }
        for byte in rest {
            self.tail |= u64::from(*byte) << (self.length % WORD * 8);
            self.length += 1;
            if self.length.is_multiple_of(WORD) {
                self.state = fold(self.state ^ self.tail);
                self.tail = 0;
            }
        }
    }

    pub(super) fn finish(self) -> u64 {
        fold(fold(self.state ^ self.tail) ^ self.length)
    }
}

/// Every bit of the result depends on every bit of the number.
fn fold(number: u64) -> u64 {
    let (low, high) = (number ^ ODD).carrying_mul(MULTIPLIER, 0);
    low ^ high
}

const WORD: u64 = 8;
/// Digits of pi: nothing up the sleeve.
const ODD: u64 = 0x243f_6a88_85a3_08d3;
const MULTIPLIER: u64 = 0x1319_8a2e_0370_7345;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn hash(seed: Seed, parts: &[&[u8]]) -> u64 {
        let mut hash = TextHash::new(seed);
        parts.iter().for_each(|part| hash.write(part));
        hash.finish()
    }

    #[test]
    fn texts_that_are_alike_spread_over_few_places() {
        let seed = Seed::new();
        let places = |text: &dyn Fn(u64) -> String| {
            let hashes = (0..4096).map(|n| hash(seed, &[text(n).as_bytes()]));
            let all: HashSet<u64> = hashes.collect();
            let high: HashSet<u64> = all.iter().map(|hash| hash >> 52).collect();
            let low: HashSet<u64> = all.iter().map(|hash| hash % 4096).collect();
            (all.len(), high.len(), low.len())
        };

        for text in [
            &(|n: u64| n.to_string()) as &dyn Fn(u64) -> String,
            &|n| format!("tenant-{n}"),
            &|n| format!("0190f5e3-7a2b-7c4d-8e9f-{n:012x}"),
            &|n| "\0".repeat(usize::try_from(n).unwrap()),
        ] {
            let (all, high, low) = places(text);
            assert_eq!(all, 4096);
            // Chance fills 63 % of the places.
            assert!(high > 2300 && low > 2300, "{high} {low}");
        }
    }

    proptest! {
        #[test]
        fn a_text_has_one_hash_wherever_it_is_cut(text in prop::collection::vec(any::<u8>(), 0..60), cuts in prop::collection::vec(0_usize..60, 2)) {
            let seed = Seed::new();
            let (mut first, mut second) = (cuts[0].min(text.len()), cuts[1].min(text.len()));
            if first > second {
                (first, second) = (second, first);
            }

            let parts = [&text[..first], &text[first..second], &text[second..]];

            prop_assert_eq!(hash(seed, &parts), hash(seed, &[&text]));
        }
    }
}
