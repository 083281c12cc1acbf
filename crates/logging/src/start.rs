use std::fmt;

/// Writes the start of a text of which no more than some bytes are shown, and what is read beyond.
///
/// A value of any length takes the memory of what its line may show. What comes behind that is dropped without an error, which
/// a `Debug` of the service may be unable to deal with.
pub(crate) struct Start<'a> {
    text: &'a mut String,
    /// How long the text may become, in bytes.
    most: usize,
}

impl<'a> Start<'a> {
    /// Of which `shown` bytes are shown.
    #[inline]
    pub(crate) fn of(text: &'a mut String, shown: usize) -> Self {
        text.clear();
        Self {
            text,
            most: shown.saturating_add(READ_BEYOND + MORE),
        }
    }

    /// Writes what fits of a part, and nothing of those that follow.
    #[cold]
    fn write_last(&mut self, part: &str) {
        let room = self.most.saturating_sub(self.text.len());
        let (fits, _) = part.split_at(part.floor_char_boundary(room));
        self.text.push_str(fits);
        self.most = self.text.len();
    }
}

impl fmt::Write for Start<'_> {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if part.len() <= self.most.saturating_sub(self.text.len()) {
            self.text.push_str(part);
        } else {
            self.write_last(part);
        }
        Ok(())
    }
}

/// How far a text is read behind what is shown of it: a secret that begins before its end is known as one by what follows.
pub(crate) const READ_BEYOND: usize = 64 * 1024;
/// What tells that there is more, however long its first sign is.
const MORE: usize = 4;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn a_text_is_written_as_far_as_it_is_read() {
        let mut text = "old".to_owned();

        assert_eq!(write!(Start::of(&mut text, 10), "{} and {}", "one", 2), Ok(()));
        assert_eq!(text, "one and 2");

        let long = "\u{20ac}".repeat(READ_BEYOND);
        assert_eq!(write!(Start::of(&mut text, 10), "a{long}{}", "never"), Ok(()));
        assert!(
            (READ_BEYOND + 11..=READ_BEYOND + 10 + MORE).contains(&text.len()),
            "{}",
            text.len()
        );
        assert!(text.ends_with('\u{20ac}'));
    }
}
