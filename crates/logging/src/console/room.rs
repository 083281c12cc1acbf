use crate::frame::Frame;

/// How much of a line for people is taken. As on the lines for machines, a part of it is for what is short.
#[derive(Debug)]
pub(super) struct Room {
    taken: usize,
    limit: usize,
    long_limit: usize,
    /// How long a short text is at most.
    short: usize,
}

impl Room {
    pub(super) const fn of(frame: &Frame) -> Self {
        Self {
            taken: 0,
            limit: frame.limit,
            long_limit: frame.long_limit,
            short: frame.short_value,
        }
    }

    /// How many bytes of a text that is so long have room.
    pub(super) const fn left(&self, length: usize) -> usize {
        let limit = if length > self.short {
            self.long_limit
        } else {
            self.limit
        };
        limit.saturating_sub(self.taken)
    }

    /// Whether a text that is so long has room, which it takes then.
    pub(super) const fn take(&mut self, length: usize) -> bool {
        let has_room = length <= self.left(length);
        if has_room {
            self.taken += length;
        }
        has_room
    }

    /// Takes so much, if there is room or not.
    pub(super) const fn take_anyway(&mut self, length: usize) {
        self.taken = self.taken.saturating_add(length);
    }
}
