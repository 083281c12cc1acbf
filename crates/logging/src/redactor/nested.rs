use super::{brackets::is_nested, reading::Reading, scan::Cut};

/// The structs, lists and maps that are hidden whole, in the places of the text itself.
///
/// A deeper reading may see a quote, a backslash or a bracket in one, and with it no end: that of the reading before
/// counts.
#[derive(Debug)]
pub(super) struct Nested {
    /// Start and end, sorted.
    known: Vec<(usize, usize)>,
    /// Those that the present reading adds.
    new: Vec<(usize, usize)>,
    /// Those of the text as it stands.
    kept: Vec<(usize, usize)>,
}

impl Nested {
    pub(super) const fn new() -> Self {
        Self {
            known: Vec::new(),
            new: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// In bytes.
    pub(super) const fn capacity(&self) -> usize {
        (self.known.capacity() + self.new.capacity() + self.kept.capacity()) * size_of::<(usize, usize)>()
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.new.clear();
    }

    /// Where in a reading a value ends that goes on there, if a reading before saw its end.
    pub(super) fn end_of(&self, reading: &Reading, cut: &Cut) -> Option<usize> {
        let start = reading.original(cut.start);
        let found = self.known.partition_point(|known| known.0 < start);
        let &(_, end) = self.known.get(found).filter(|known| known.0 == start)?;
        let place = reading.place_of(end);
        (place < cut.end && is_nested(reading.text().as_bytes(), cut.start, place)).then_some(place)
    }

    /// Notes down what a reading hides.
    pub(super) fn add(&mut self, reading: &Reading, cut: &Cut) {
        if !cut.is_shown && is_nested(reading.text().as_bytes(), cut.start, cut.end) {
            self.new
                .push((reading.original(cut.start), reading.original(cut.end)));
        }
    }

    /// Keeps what is known, to come back to it.
    pub(super) fn keep(&mut self) {
        self.kept.clone_from(&self.known);
    }

    /// Knows what was kept alone.
    pub(super) fn go_back(&mut self) {
        self.known.clone_from(&self.kept);
    }

    /// The next reading begins.
    pub(super) fn advance(&mut self) {
        self.known.append(&mut self.new);
        self.known.sort_unstable();
        self.known.dedup_by_key(|known| known.0);
    }
}
