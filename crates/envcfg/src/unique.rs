use crate::Field;

/// The variables of a configuration as the compiler knows them; those of a nested one stand below its prefix.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "built by generated code")]
pub enum Tree {
    Field(&'static Field),
    Nested(&'static str, &'static [Self]),
}

/// What the compiler says if two fields read the same variable once every prefix stands before it.
///
/// The derive raises it where the struct is, so that no line of this crate is in the message.
#[must_use]
pub const fn duplicate(tree: &'static [Tree]) -> Option<Text> {
    Names::new().add_all(&Text::EMPTY, tree)
}

/// The names seen so far, as FNV-1a hashes: the compiler compares numbers faster than texts.
struct Names {
    hashes: [u64; MOST],
    len: usize,
}

impl Names {
    const fn new() -> Self {
        Self {
            hashes: [0; MOST],
            len: 0,
        }
    }

    const fn add_all(&mut self, prefix: &Text, mut tree: &'static [Tree]) -> Option<Text> {
        while let [first, rest @ ..] = tree {
            let twice = match first {
                Tree::Field(field) => self.add_field(prefix, field),
                Tree::Nested(own, below) => self.add_all(&prefix.then(own), below),
            };
            if twice.is_some() {
                return twice;
            }
            tree = rest;
        }
        None
    }

    const fn add_field(&mut self, prefix: &Text, field: &'static Field) -> Option<Text> {
        let mut twice = self.add(prefix, field.name);
        if let (None, Some(pointer)) = (&twice, field.file) {
            twice = self.add(prefix, pointer);
        }
        let mut aliases = field.aliases;
        while let (None, [alias, rest @ ..]) = (&twice, aliases) {
            twice = self.add(prefix, alias.name);
            aliases = rest;
        }
        twice
    }

    const fn add(&mut self, prefix: &Text, name: &str) -> Option<Text> {
        let name = prefix.then(name);
        let hash = name.hash();
        let mut at = 0;
        while at < self.len {
            if self.hashes[at] == hash {
                return Some(
                    Text::EMPTY
                        .then("two fields read the variable ")
                        .then(name.text()),
                );
            }
            at += 1;
        }
        // Beyond this many nobody reads the whole list either; a load still works.
        if self.len < MOST {
            self.hashes[self.len] = hash;
            self.len += 1;
        }
        None
    }
}

/// A short text that can grow at compile time; what does not fit is cut off.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Text {
    const EMPTY: Self = Self {
        bytes: [0; LONGEST],
        len: 0,
    };

    const fn then(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let [byte, others @ ..] = rest {
            if self.len == LONGEST {
                break;
            }
            self.bytes[self.len] = *byte;
            self.len += 1;
            rest = others;
        }
        self
    }

    #[must_use]
    pub const fn text(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    const fn hash(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = 0;
        while at < self.len {
            hash = (hash ^ self.bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        hash
    }
}

const MOST: usize = 2048;

const LONGEST: usize = 160;
