use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use equivalent::Equivalent;

/// Names an entry in this process: the space's number and the key within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) space: SpaceId,
    pub(crate) name: Arc<str>,
}

/// The same, borrowed, so that a hit allocates nothing.
#[derive(Clone, Copy)]
pub(crate) struct KeyRef<'a> {
    pub(crate) space: SpaceId,
    pub(crate) name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SpaceId(pub(crate) u32);

impl Key {
    pub(crate) fn new(space: SpaceId, name: &str) -> Self {
        Self {
            space,
            name: name.into(),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { space, name } = self;
        KeyRef { space: *space, name }.hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.space.hash(state);
        self.name.hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.space == key.space && self.name == &*key.name
    }
}

/// A space's name as it stands in the keys of Redis: injective, and without a colon.
pub(crate) fn escape_space(name: &str) -> String {
    name.replace('%', "%25").replace(':', "%3A")
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn the_borrowed_key_finds_the_owned_one() {
        let key = Key::new(SpaceId(3), "42");
        let borrowed = KeyRef {
            space: SpaceId(3),
            name: "42",
        };
        let hasher = std::hash::RandomState::new();

        assert!(borrowed.equivalent(&key));
        assert_eq!(hasher.hash_one(borrowed), hasher.hash_one(&key));
    }

    #[test]
    fn spaces_cannot_reach_into_each_other() {
        assert_ne!(
            format!("{}:{}", escape_space("a:b"), "c"),
            format!("{}:{}", escape_space("a"), "b:c")
        );
        assert_ne!(escape_space("a:b"), escape_space("a%3Ab"));
    }
}
