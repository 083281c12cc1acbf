use std::{iter::Peekable, slice};

use super::{
    bytes::{at, before, is_quote, run, steps},
    escape::{BEGINS, escape_at},
};

/// A text as it reads once escapes in it are undone, with the way back to the places of the text itself.
#[derive(Debug)]
pub(super) struct Reading {
    text: String,
    jumps: Vec<Jump>,
    /// Where a `+` was taken for the space of a form, which it is not inside of a URL.
    gaps: Vec<usize>,
}

/// A byte of a reading that is more bytes of the text.
#[derive(Clone, Copy, Debug)]
struct Jump {
    place: usize,
    /// By how much the places behind it are further on in the text.
    shift: usize,
}

impl Reading {
    pub(super) const fn new() -> Self {
        Self {
            text: String::new(),
            jumps: Vec::new(),
            gaps: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// In bytes.
    pub(super) const fn capacity(&self) -> usize {
        self.text.capacity()
            + self.jumps.capacity() * size_of::<Jump>()
            + self.gaps.capacity() * size_of::<usize>()
    }

    /// Reads a text as it stands.
    pub(super) fn set(&mut self, text: &str) {
        self.clear();
        self.text.push_str(text);
    }

    /// Reads as another one does.
    pub(super) fn copy(&mut self, from: &Self) {
        self.text.clone_from(&from.text);
        self.jumps.clone_from(&from.jumps);
        self.gaps.clone_from(&from.gaps);
    }

    /// Makes `into` the same reading where each `+` is one; says whether that differs.
    pub(super) fn without_gaps(&self, into: &mut Self) -> bool {
        into.clear();
        if self.gaps.is_empty() {
            return false;
        }
        let mut copied = 0;
        for &gap in &self.gaps {
            into.text.push_str(self.text.get(copied..gap).unwrap_or_default());
            into.text.push('+');
            copied = gap + 1;
        }
        into.text.push_str(self.text.get(copied..).unwrap_or_default());
        into.jumps.clone_from(&self.jumps);
        true
    }

    /// Reads what has been read once more, with the escapes undone that begin with one of `begins`; says which of
    /// [`BEGINS`] there were.
    pub(super) fn decode(&mut self, from: &Self, begins: &[u8]) -> [bool; BEGINS.len()] {
        self.clear();
        let bytes = from.text.as_bytes();
        let mut way = Way::of(from);
        let mut found = [false; BEGINS.len()];
        let mut copied = 0;
        loop {
            let place = run(bytes, copied, |byte| !matches!(byte, b'%' | b'\\' | b'&' | b'+'));
            self.text
                .push_str(from.text.get(copied..place).unwrap_or_default());
            if place >= bytes.len() {
                break;
            }
            let begin = at(bytes, place);
            let is_asked = begins.contains(&begin);
            let escape = is_asked.then(|| escape_at(bytes, place)).flatten();
            let (sign, length) = escape.unwrap_or((begin, 1));
            copied = place + length;
            if escape.is_some() {
                for (found, known) in found.iter_mut().zip(BEGINS) {
                    *found |= known == begin;
                }
                way.copy(place, &mut self.jumps);
                self.jumps.push(way.jump(self.text.len(), copied));
            }
            let is_space = begin == b'+' && is_gap(self.text.as_bytes(), bytes, copied);
            if is_space {
                self.gaps.push(self.text.len());
            }
            self.text.push(if is_space { ' ' } else { char::from(sign) });
        }
        way.copy(bytes.len(), &mut self.jumps);
        found
    }

    /// Where a place of this reading is in the text itself.
    pub(super) fn original(&self, place: usize) -> usize {
        let behind = self.jumps.partition_point(|jump| jump.place < place);
        place + self.shift_behind(behind)
    }

    /// What stands between two places of the text itself.
    pub(super) fn between(&self, start: usize, end: usize) -> &str {
        let start = self.place_of(start);
        let last = self.place_of(end);
        let is_inside = self.original(last) < end;
        self.text
            .get(start..last + usize::from(is_inside))
            .unwrap_or_default()
    }

    /// Where so many bytes before a place of the text itself start in it.
    pub(super) fn original_before(&self, end: usize, length: usize) -> usize {
        let last = self.place_of(end);
        let last = last + usize::from(self.original(last) < end);
        self.original(last - length.min(last))
    }

    /// The place of this reading that a place of the text itself belongs to.
    pub(super) fn place_of(&self, original: usize) -> usize {
        let behind = self
            .jumps
            .partition_point(|jump| jump.place + 1 + jump.shift <= original);
        let place = original - self.shift_behind(behind);
        self.jumps.get(behind).map_or(place, |next| place.min(next.place))
    }

    /// The shift behind so many jumps.
    fn shift_behind(&self, jumps: usize) -> usize {
        let last = jumps.checked_sub(1).and_then(|last| self.jumps.get(last));
        last.map_or(0, |jump| jump.shift)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.jumps.clear();
        self.gaps.clear();
    }
}

/// The way from the reading before, along which those of the next one are found.
struct Way<'a> {
    jumps: Peekable<slice::Iter<'a, Jump>>,
    /// That of the last jump.
    shift: usize,
    /// How many bytes less the next reading has up to here.
    removed: usize,
}

impl<'a> Way<'a> {
    fn of(from: &'a Reading) -> Self {
        Self {
            jumps: from.jumps.iter().peekable(),
            shift: 0,
            removed: 0,
        }
    }

    /// Takes over the jumps before a place.
    fn copy(&mut self, end: usize, into: &mut Vec<Jump>) {
        while let Some(jump) = self.jumps.next_if(|jump| jump.place < end) {
            steps::count(1);
            self.shift = jump.shift;
            into.push(Jump {
                place: jump.place - self.removed,
                shift: jump.shift + self.removed,
            });
        }
    }

    /// The jump of an escape that ends at a place, and is one byte at `place` of the next reading.
    fn jump(&mut self, place: usize, end: usize) -> Jump {
        while let Some(jump) = self.jumps.next_if(|jump| jump.place < end) {
            steps::count(1);
            self.shift = jump.shift;
        }
        self.removed = end - (place + 1);
        Jump {
            place,
            shift: self.shift + self.removed,
        }
    }
}

/// Whether a `+` before a place is the space of a form between the signs of a pair, and no part of a value.
fn is_gap(read: &[u8], text: &[u8], place: usize) -> bool {
    let last = before(read, read.len());
    let (next, end) = sign_at(text, place);
    let is_behind = match last {
        b':' | b',' | b'{' | b'[' | b' ' | b'\n' => true,
        _ => read.ends_with(b" ="),
    };
    let (behind, _) = sign_at(text, end);
    let is_before = match next {
        b':' | b'=' => is_quote(last) || matches!(behind, b'+' | b' '),
        next => is_quote(next),
    };
    is_behind || is_before
}

/// The sign at a place, also as an escape, and where it ends.
fn sign_at(text: &[u8], place: usize) -> (u8, usize) {
    let (sign, length) = escape_at(text, place).unwrap_or_else(|| (at(text, place), 1));
    (sign, place + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All readings of a text, until there is nothing left to undo.
    fn readings(text: &str) -> Vec<Reading> {
        let mut first = Reading::new();
        first.set(text);
        let mut readings = vec![first];
        loop {
            let mut next = Reading::new();
            if next.decode(&readings[readings.len() - 1], &BEGINS) == [false; 3] {
                return readings;
            }
            readings.push(next);
        }
    }

    #[test]
    fn each_reading_undoes_one_level_of_every_kind() {
        let text = "ł%2522 &amp;quot;\\u005cu0022 %26#34; a+b :+&equals;";

        let readings = readings(text);

        let texts: Vec<&str> = readings.iter().map(Reading::text).collect();
        assert_eq!(
            texts,
            [text, "ł%22 &quot;\\u0022 &#34; a+b : =", "ł\" \"\" \" a+b : ="],
        );
    }

    #[test]
    fn every_place_of_every_reading_leads_back_to_the_text() {
        let text = "a%252522b&amp;amp;c\\u005cu005cd%%32%32ef%5Cu0026quot;ż%2526";

        for reading in readings(text) {
            let mut end = 0;
            for place in 0..reading.text().len() {
                let (start, behind) = (reading.original(place), reading.original(place + 1));

                assert_eq!(start, end, "{place}");
                assert!(start < behind, "{place}");
                if reading.text().is_char_boundary(place) && reading.text().as_bytes()[place].is_ascii() {
                    assert_eq!(reading.between(start, behind), &reading.text()[place..=place]);
                    assert_eq!(reading.original_before(behind, 1), start);
                }
                end = behind;
            }
            assert_eq!(end, text.len());
        }
    }

    #[test]
    fn one_kind_of_escapes_is_undone_alone() {
        let mut from = Reading::new();
        from.set("%22&quot;\\u0022");
        let mut reading = Reading::new();

        assert_eq!(reading.decode(&from, b"&"), [false, false, true]);

        assert_eq!(reading.text(), "%22\"\\u0022");
        assert_eq!([3, 4, 5].map(|place| reading.original(place)), [3, 9, 10]);
    }
}
