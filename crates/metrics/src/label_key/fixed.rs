/// The bytes of what is not text, gathered eight at a time: mostly all of them are one word.
#[derive(Clone, Copy, Default)]
pub(super) struct Fixed {
    pub(super) word: u64,
    /// How many bytes of it are in use.
    pub(super) len: usize,
}

impl Fixed {
    /// Takes eight bytes at most; gives the word that was full before.
    #[inline(always)]
    pub(super) fn push(&mut self, part: &[u8]) -> Option<u64> {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(part) {
            *place = *byte;
        }
        let word = u64::from_le_bytes(word);
        if self.len + part.len() > 8 {
            let full = self.word;
            (self.word, self.len) = (word, part.len());
            return Some(full);
        }
        self.word |= word << (self.len * 8);
        self.len += part.len();
        None
    }
}
