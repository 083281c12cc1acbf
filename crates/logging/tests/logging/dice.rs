//! Chance that repeats itself.

/// A small generator of random values, the same ones for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    /// A text of so many letters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let most = letters.len() as u64;
        (0..length)
            .map(|_| letters[usize::try_from(self.below(most)).unwrap()])
            .collect()
    }

    /// The same, the first one a letter: no number by accident.
    pub(crate) fn letter_first(&mut self, alphabet: &str, length: usize) -> String {
        let letters: String = alphabet.chars().filter(|c| c.is_ascii_alphabetic()).collect();
        format!("{}{}", self.text(&letters, 1), self.text(alphabet, length - 1))
    }
}
