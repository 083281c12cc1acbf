/// The auxiliary vector that the kernel gives a program, `/proc/self/auxv`; see `getauxval(3)`.
#[derive(Debug)]
pub(super) struct Auxiliary(Vec<u8>);

impl Auxiliary {
    pub(super) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// In bytes. Absent where the kernel hides it, as from a process that may not be dumped.
    pub(super) fn page_size(&self) -> Option<u64> {
        self.value(PAGE_SIZE)
    }

    /// The kernel counts 100 ticks for programs on every architecture in use.
    pub(super) fn ticks_per_second(&self) -> u64 {
        self.value(CLOCK_TICKS).unwrap_or(100)
    }

    fn value(&self, key: usize) -> Option<u64> {
        const WORD: usize = size_of::<usize>();
        let word = |bytes: &[u8]| bytes.try_into().ok().map(usize::from_ne_bytes);
        self.0.chunks_exact(2 * WORD).find_map(|pair| {
            let (found, value) = pair.split_at(WORD);
            (word(found)? == key).then(|| word(value).map(|value| value as u64))?
        })
    }
}

// AT_PAGESZ and AT_CLKTCK.
const PAGE_SIZE: usize = 6;
const CLOCK_TICKS: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_key() {
        let words: [usize; 6] = [PAGE_SIZE, 16_384, CLOCK_TICKS, 250, 0, 0];
        let vector = Auxiliary::new(words.into_iter().flat_map(usize::to_ne_bytes).collect());

        assert_eq!(vector.page_size(), Some(16_384));
        assert_eq!(vector.ticks_per_second(), 250);
        assert_eq!(vector.value(99), None);
    }

    #[test]
    fn without_the_vector_the_page_size_is_not_known() {
        let nothing = Auxiliary::new(Vec::new());

        assert_eq!(nothing.page_size(), None);
        assert_eq!(nothing.ticks_per_second(), 100);
    }

    #[test]
    fn this_process_has_one() {
        let vector = Auxiliary::new(std::fs::read("/proc/self/auxv").unwrap());

        assert_eq!(vector.page_size().map(u64::is_power_of_two), Some(true));
    }
}
