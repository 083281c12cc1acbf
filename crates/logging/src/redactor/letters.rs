use super::bytes::{at, steps};

/// What names are made of beyond ASCII, where the names that are looked for have such letters.
#[derive(Clone, Default)]
pub(super) struct Letters {
    are_looked_for: bool,
    /// Signs of the names that are no letters, as `्` of `सुरक्षा`.
    signs: Vec<char>,
}

impl Letters {
    /// Knows those of a name too.
    pub(super) fn add(&mut self, name: &str) {
        self.are_looked_for |= !name.is_ascii();
        let signs = name
            .chars()
            .filter(|sign| !sign.is_ascii() && !sign.is_alphanumeric());
        self.signs.extend(signs);
    }

    /// The one that ends before a place.
    #[cold]
    pub(super) fn before(&self, text: &[u8], place: usize) -> Option<char> {
        if !self.are_looked_for {
            return None;
        }
        let is_first = |&start: &usize| !matches!(at(text, start), 0x80..=0xbf);
        let near = (1..=MOST_BYTES).filter_map(|length| place.checked_sub(length));
        let start = near.into_iter().find(is_first)?;
        steps::count(place - start);
        let letter = str::from_utf8(text.get(start..place)?).ok()?.chars().next()?;
        (letter.is_alphanumeric() || self.signs.contains(&letter)).then_some(letter)
    }
}

/// Of a letter in UTF-8.
const MOST_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use crate::{Redactor, redactor::bytes::steps};

    #[test]
    fn the_steps_for_letters_beyond_ascii_grow_with_the_length_alone() {
        let redactor = Redactor::default().key("пароль").key("*秘密");
        assert!(redactor.check().is_ok());
        for unit in [
            "я",
            "я=",
            "пароль:",
            "пароль ",
            "пароль=я ",
            "秘",
            "密=",
            "\u{301}=",
            "я я=",
            "a.я=",
        ] {
            let [few, many] = [4_000, 16_000].map(|length| {
                let text = unit.repeat(length / unit.len());
                steps::of(|| drop(redactor.text(&text)))
            });

            assert!(many <= 5 * few + 1_000, "{unit}: {few} steps and {many}");
            assert!(many <= 100 * 16_000, "{unit}: {many} steps");
        }
    }
}
