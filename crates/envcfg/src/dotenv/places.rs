/// Turns offsets into lines and columns.
///
/// Offsets that grow cost one pass over the text in all, however many are asked for; a smaller one starts anew.
#[derive(Debug)]
pub(super) struct Places<'t> {
    bytes: &'t [u8],
    start: usize,
    at: usize,
    place: Place,
}

/// A line and a column in characters; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl<'t> Places<'t> {
    /// Counts from `start`, which is the first column of the first line.
    pub(super) const fn new(bytes: &'t [u8], start: usize) -> Self {
        Self {
            bytes,
            start,
            at: start,
            place: Place { line: 1, column: 1 },
        }
    }

    pub(super) fn of(&mut self, offset: usize) -> Place {
        if offset < self.at {
            *self = Self::new(self.bytes, self.start);
        }
        while self.at < offset {
            self.step();
        }
        self.place
    }

    fn step(&mut self) {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        let next = self.bytes.get(self.at + 1).copied();
        self.at += 1;
        let Place { line, column } = self.place;
        self.place = match byte {
            b'\r' if next == Some(b'\n') => self.place,
            b'\n' | b'\r' => Place {
                line: line.saturating_add(1),
                column: 1,
            },
            // The bytes after the first of a character.
            0x80..0xC0 => self.place,
            _ => Place {
                line,
                column: column.saturating_add(1),
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_every_kind_of_line_break_ends_a_line() {
        let text = "\u{feff}é=x\r\ny\rz\nw".as_bytes();
        let mut places = Places::new(text, 3);
        let mut of = |offset| {
            let Place { line, column } = places.of(offset);
            (line, column)
        };

        assert_eq!((of(3), of(5), of(6)), ((1, 1), (1, 2), (1, 3)));
        assert_eq!((of(9), of(11), of(13)), ((2, 1), (3, 1), (4, 1)));
        assert_eq!(of(5), (1, 2));
        assert_eq!(of(1000), (4, 2 + 986));
    }
}
