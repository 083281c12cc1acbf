/// What is shown in the place of a value that must not be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: a field goes with its name; inside of a text the value becomes empty.
    Remove,
    /// `***`, whatever the value and its length.
    #[default]
    Mask,
    /// `hash:` and 16 hexadecimal digits of HMAC-SHA-256 under the key of
    /// [`Redactor::hash_key`](crate::Redactor::hash_key): equal values show equal hashes, and nobody without the
    /// key can try values out. A field's value counts as it is given, one inside of a text with its escapes undone: of a
    /// value with escapes in it the two differ.
    Hash,
    /// `***` and the last characters, at most so many and at most half of the value: `***1234`. A shorter value
    /// is masked whole.
    KeepLast(u8),
}

/// Appends the last `most` characters of `value` behind a mask, unless that were more than a half of it.
pub(crate) fn keep_last(value: &str, most: u8, out: &mut String) {
    out.push_str(groundcrew_base::MASK);
    out.push_str(kept(value, most));
}

/// The last `most` characters of `value`, none if that were more than a half of it.
pub(crate) fn kept(value: &str, most: u8) -> &str {
    let most = usize::from(most);
    let shown = most
        .checked_sub(1)
        .and_then(|skipped| value.char_indices().nth_back(skipped));
    let Some((start, _)) = shown else { return "" };
    let (hidden, shown) = value.split_at(start);
    if hidden.chars().nth(most - 1).is_some() {
        shown
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_characters_are_shown_when_they_are_at_most_half() {
        let shown = |value: &str, most| {
            let mut out = String::new();
            keep_last(value, most, &mut out);
            out
        };

        assert_eq!(shown("4111111111111234", 4), "***1234");
        assert_eq!(shown("12345678", 4), "***5678");
        assert_eq!(shown("1234567", 4), "***");
        assert_eq!(shown("1234", 4), "***");
        assert_eq!(shown("", 4), "***");
        assert_eq!(shown("abc", 0), "***");
        assert_eq!(shown("ąęźćżółć", 4), "***żółć");
        assert_eq!(shown("🂡🂮🂭", 1), "***🂭");
        assert_eq!(shown("abcdef", u8::MAX), "***");
    }
}
