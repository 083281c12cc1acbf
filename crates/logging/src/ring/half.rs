use crate::{
    ring::{
        check::sealed,
        layout::{self, Mark},
        map::{Region, Words},
    },
    sink::Route,
};

/// One of the two buffers of the queue, in memory that outlives the process.
#[derive(Debug)]
pub(crate) struct Half {
    words: Words,
    region: Region,
    place: usize,
    generation: u64,
    size: usize,
    count: usize,
}

impl Half {
    /// An empty one.
    pub(super) fn new(words: Words, region: Region, place: usize, generation: u64) -> Self {
        let mut half = Self {
            words,
            region,
            place,
            generation,
            size: 0,
            count: 0,
        };
        half.clear();
        half.begin(generation);
        half
    }

    /// Whether a line of so many bytes can be added.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        let marks = (self.count + 1).saturating_mul(layout::MARK);
        self.size.saturating_add(bytes).saturating_add(marks) <= self.region.len()
    }

    /// Whether it could be, if there was no other.
    pub(crate) fn could_hold(&self, bytes: usize) -> bool {
        bytes.saturating_add(layout::MARK) <= self.region.len()
    }

    /// Adds a line that fits. From then on it is not lost, whatever becomes of the process.
    pub(crate) fn push(&mut self, line: &[u8], route: Route) {
        let end = self.size + line.len();
        let mark = Mark { end, route };
        let check = mark.check(self.generation, line);
        let Some(mark_at) = layout::mark_at(self.region.len(), self.count) else {
            return;
        };
        self.region.write(self.size, line);
        self.region.write(mark_at, &mark.encode(check));
        self.size = end;
        self.count += 1;
        self.words
            .store(layout::count_at(self.place), sealed(self.count as u64));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.region.bytes(0, self.size)
    }

    /// The whole memory, as it stands in the file.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[u8] {
        self.region.bytes(0, self.region.len())
    }

    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Numbers an empty one, so that its lines come after those of lower numbers.
    pub(crate) fn begin(&mut self, generation: u64) {
        self.generation = generation;
        self.words
            .store(layout::generation_at(self.place), sealed(generation));
    }

    /// Forgets the lines: they are where they should be.
    pub(crate) fn clear(&mut self) {
        (self.size, self.count) = (0, 0);
        self.words.store(layout::count_at(self.place), sealed(0));
    }
}
