use tracing::Level;

use crate::{ring::Half, sink::Route};

/// Lines one after the other, each with the outlets it goes to.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where the bytes are instead, if they are to outlive the process.
    half: Option<Half>,
    marks: Vec<Mark>,
    /// The outlets that get every line.
    all: Route,
    /// The outlets that get any.
    any: Route,
    /// The most bytes since the memory was last looked at.
    peak: usize,
    uses: u32,
}

/// The end of a line among the bytes, and its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) end: usize,
    pub(crate) route: Route,
    level: Level,
}

impl Batch {
    pub(crate) fn in_ring(half: Half) -> Self {
        Self {
            half: Some(half),
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, line: &[u8], level: Level, route: Route) {
        match &mut self.half {
            Some(half) => half.push(line, route),
            None => self.bytes.extend_from_slice(line),
        }
        let end = self.size();
        self.marks.push(Mark { end, route, level });
        self.all &= route;
        self.any |= route;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.half.as_ref().map_or(&self.bytes, Half::bytes)
    }

    /// Whether the memory has room for a line of so many bytes; plain memory always has.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        self.half.as_ref().is_none_or(|half| half.fits(bytes))
    }

    /// Whether it would have, were it empty.
    pub(crate) fn could_hold(&self, bytes: usize) -> bool {
        self.half.as_ref().is_none_or(|half| half.could_hold(bytes))
    }

    /// The number of an empty one, if it outlives the process, becomes the one that follows `other`.
    pub(crate) fn follow(&mut self, other: &Self) {
        if let (Some(half), Some(other)) = (&mut self.half, &other.half) {
            half.begin(other.generation() + 1);
        }
    }

    pub(crate) fn generation(&self) -> Option<u64> {
        self.half.as_ref().map(Half::generation)
    }

    pub(crate) const fn marks(&self) -> &[Mark] {
        self.marks.as_slice()
    }

    /// How many lines there are.
    pub(crate) const fn len(&self) -> usize {
        self.marks.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// How many bytes they have.
    pub(crate) const fn size(&self) -> usize {
        match &self.half {
            Some(half) => half.size(),
            None => self.bytes.len(),
        }
    }

    /// The lines of the outlet `at`, one by one.
    pub(crate) fn each_of(&self, at: usize) -> impl Iterator<Item = (&[u8], Level)> {
        let bytes = self.bytes();
        let mut start = 0;
        let lines = self.marks.iter().map(move |mark| {
            let line = bytes.get(start..mark.end).unwrap_or_default();
            start = mark.end;
            (mark, line)
        });
        let of_outlet = lines.filter(move |(mark, _)| mark.route & (1 << at) != 0);
        of_outlet.map(|(mark, line)| (line, mark.level))
    }

    /// The lines of the outlet `at`: all of them, or those that are put together in `gathered`.
    pub(crate) fn lines_of<'a>(&'a self, at: usize, gathered: &'a mut Vec<u8>) -> (&'a [u8], u64) {
        let bit = 1 << at;
        if self.all & bit != 0 {
            return (self.bytes(), self.len() as u64);
        }
        gathered.clear();
        if self.any & bit == 0 {
            return (gathered, 0);
        }
        let mut count = 0;
        for (line, _) in self.each_of(at) {
            gathered.extend_from_slice(line);
            count += 1;
        }
        (gathered, count)
    }

    /// Forgets the lines. What a burst has grown is let go once it was not needed for a while.
    pub(crate) fn clear(&mut self) {
        self.peak = self.peak.max(self.size());
        self.uses += 1;
        self.bytes.clear();
        self.marks.clear();
        if let Some(half) = &mut self.half {
            half.clear();
        }
        (self.all, self.any) = (Route::MAX, 0);
        if self.uses == USES {
            let kept = self.peak.max(LEAST_KEPT);
            self.bytes.shrink_to(kept);
            self.marks.shrink_to(kept / SHORT_LINE);
            (self.peak, self.uses) = (0, 0);
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            half: None,
            marks: Vec::new(),
            all: Route::MAX,
            any: 0,
            peak: 0,
            uses: 0,
        }
    }
}

/// After so many batches the memory is cut to what the largest of them needed.
const USES: u32 = 256;
/// So much memory is kept in any case.
const LEAST_KEPT: usize = 256 * 1024;
const SHORT_LINE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outlet_gets_its_lines() {
        let mut batch = Batch::default();
        let mut gathered = Vec::new();
        batch.push(b"one\n", Level::INFO, 0b01);
        assert_eq!(batch.lines_of(0, &mut gathered), (&b"one\n"[..], 1));
        assert_eq!(batch.lines_of(1, &mut gathered), (&b""[..], 0));

        batch.push(b"two\n", Level::INFO, 0b11);
        batch.push(b"three\n", Level::INFO, 0b10);

        assert_eq!(batch.lines_of(0, &mut gathered), (&b"one\ntwo\n"[..], 2));
        assert_eq!(batch.lines_of(1, &mut gathered), (&b"two\nthree\n"[..], 2));
    }

    #[test]
    fn the_memory_of_a_burst_is_let_go() {
        let mut batch = Batch::default();
        let line = vec![b'x'; 4 * LEAST_KEPT];
        batch.push(&line, Level::INFO, 1);
        for _ in 0..2 * USES {
            batch.clear();
            batch.push(b"short\n", Level::INFO, 1);
        }

        assert!(
            batch.bytes.capacity() <= 2 * LEAST_KEPT,
            "{}",
            batch.bytes.capacity()
        );
    }
}
