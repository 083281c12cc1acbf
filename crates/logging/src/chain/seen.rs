use crate::template::{Key, Template};

/// The bits of the names before a pair, the spans apart: names of one span are different anyway.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) all: u64,
    owner: usize,
    of_owner: u64,
}

impl Seen {
    pub(super) const fn of(template: &Template) -> Self {
        Self {
            all: template.bits,
            owner: 0,
            of_owner: 0,
        }
    }

    /// Whether the name may be one of those before it; it is one of them from now on.
    pub(super) const fn may_have(&mut self, owner: usize, key: &Key) -> bool {
        if owner != self.owner {
            self.all |= self.of_owner;
            self.of_owner = 0;
            self.owner = owner;
        }
        self.of_owner |= key.bit;
        self.all & key.bit != 0
    }
}
