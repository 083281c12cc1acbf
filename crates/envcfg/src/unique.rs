use crate::Field;

/// The variables of a configuration as the compiler knows them; those of a nested one stand below its prefix.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "built by generated code")]
pub enum Tree {
    Field(&'static Field),
    Nested(&'static str, &'static [Self]),
}

/// Fails the build if two fields read the same variable once every prefix stands before it.
///
/// # Panics
/// At compile time, with the name of that variable.
pub const fn assert_unique(tree: &'static [Tree]) {
    let mut names = Names::new();
    names.add_all(&Text::EMPTY, tree);
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

    const fn add_all(&mut self, prefix: &Text, mut tree: &'static [Tree]) {
        while let [first, rest @ ..] = tree {
            match first {
                Tree::Field(field) => self.add_field(prefix, field),
                Tree::Nested(own, below) => self.add_all(&prefix.then(own), below),
            }
            tree = rest;
        }
    }

    const fn add_field(&mut self, prefix: &Text, field: &'static Field) {
        let name = prefix.then(field.name);
        self.add(&name);
        if let Some(pointer) = field.file {
            self.add(&prefix.then(pointer));
        }
        let mut aliases = field.aliases;
        while let [alias, rest @ ..] = aliases {
            self.add(&prefix.then(alias.name));
            aliases = rest;
        }
    }

    const fn add(&mut self, name: &Text) {
        let hash = name.hash();
        let mut at = 0;
        while at < self.len {
            assert!(self.hashes[at] != hash, "{}", name.read_twice().text());
            at += 1;
        }
        // Beyond this many nobody reads the whole list either; a load still works.
        if self.len < MOST {
            self.hashes[self.len] = hash;
            self.len += 1;
        }
    }
}

/// A short text that can grow at compile time; what does not fit is cut off.
#[derive(Clone, Copy)]
struct Text {
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

    const fn read_twice(&self) -> Self {
        Self::EMPTY
            .then("two fields read the variable ")
            .then(self.text())
    }

    const fn text(&self) -> &str {
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
