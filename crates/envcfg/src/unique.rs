use crate::Field;

/// The variables of a configuration as the compiler knows them; those of a nested one stand below its prefix.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "built by generated code")]
pub enum Tree {
    Field(&'static Field),
    Nested(&'static str, &'static [Self]),
    /// A nested one whose defaults the struct around it gives.
    Given(&'static str, &'static [Self]),
}

/// The field that `variable` is the name of, with every prefix, and whether a struct around it gives its default.
pub(crate) fn find(tree: &'static [Tree], variable: &str, given: bool) -> Option<(&'static Field, bool)> {
    tree.iter().find_map(|entry| match entry {
        Tree::Field(field) => (field.name == variable).then_some((*field, given)),
        Tree::Nested(prefix, below) => find(below, variable.strip_prefix(prefix)?, given),
        Tree::Given(prefix, below) => find(below, variable.strip_prefix(prefix)?, true),
    })
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
                Tree::Nested(own, below) | Tree::Given(own, below) => self.add_all(&prefix.then(own), below),
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
        let hash = name.hash;
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

/// A text that can grow at compile time; what does not fit is cut off, but counts in its hash.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    bytes: [u8; LONGEST],
    len: usize,
    /// FNV-1a of the whole text.
    hash: u64,
}

impl Text {
    const EMPTY: Self = Self {
        bytes: [0; LONGEST],
        len: 0,
        hash: 0xcbf2_9ce4_8422_2325,
    };

    const fn then(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let [byte, others @ ..] = rest {
            self.hash = (self.hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
            if self.len < LONGEST {
                self.bytes[self.len] = *byte;
                self.len += 1;
            }
            rest = others;
        }
        self
    }

    #[must_use]
    pub const fn text(&self) -> &str {
        let bytes = self.bytes.split_at(self.len).0;
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            // Cut off within a character.
            Err(error) => match core::str::from_utf8(bytes.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

const MOST: usize = 2048;

const LONGEST: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "A_NAME_THAT_IS_LONGER_THAN_ANY_MESSAGE_CAN_SHOW_BECAUSE_IT_STANDS_BEHIND_MANY_PREFIXES_OF_MANY_\
         STRUCTS_EACH_OF_WHICH_HAS_A_PREFIX_THAT_SAYS_WITH_MANY_WORDS_WHAT_IT_IS_ABOUT_AND_ONLY_THE_END_DIFFERS_";

    #[test]
    fn names_that_differ_only_at_a_distant_end_are_two() {
        const FIELDS: [Field; 2] = [Field::new("ONE", "one"), Field::new("TWO", "two")];
        const APART: &[Tree] = &[Tree::Nested(
            LONG,
            &[Tree::Field(&FIELDS[0]), Tree::Field(&FIELDS[1])],
        )];
        const TWICE: &[Tree] = &[
            Tree::Nested(LONG, &[Tree::Field(&FIELDS[0])]),
            Tree::Given(LONG, &[Tree::Field(&FIELDS[0])]),
        ];

        assert!(LONG.len() > LONGEST);
        assert!(duplicate(APART).is_none());
        let message = duplicate(TWICE).map(|text| text.text().to_owned());
        let expected = format!("two fields read the variable {LONG}");
        assert_eq!(message.as_deref(), expected.get(..LONGEST));
    }

    #[test]
    fn a_message_that_is_cut_within_a_character_ends_before_it() {
        let text = Text::EMPTY.then(&"é".repeat(LONGEST)).then("x");

        assert_eq!(text.text().chars().count(), LONGEST / 2);
        assert_eq!(
            Text::EMPTY.then("x").then(&"é".repeat(LONGEST)).text().len(),
            LONGEST - 1
        );
    }

    #[test]
    fn a_field_is_found_by_its_name_with_every_prefix() {
        const FIELDS: [Field; 2] = [Field::new("URL", "url"), Field::new("DB_URL", "db_url")];
        const TREE: &[Tree] = &[
            Tree::Given("DB_", &[Tree::Nested("RO_", &[Tree::Field(&FIELDS[0])])]),
            Tree::Field(&FIELDS[1]),
        ];

        let found = |variable| find(TREE, variable, false).map(|(field, given)| (field.path, given));

        assert_eq!(found("DB_RO_URL"), Some(("url", true)));
        assert_eq!(found("DB_URL"), Some(("db_url", false)));
        assert_eq!(found("URL"), None);
    }
}
