use std::fmt::{self, Write};

/// Passes on what is written, with control characters as escapes: what moves the cursor, colours or starts a line has
/// no place within a line, and names and paths may come from anybody.
pub(crate) struct OneLine<'w>(pub(crate) &'w mut dyn Write);

impl Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(char::is_control) {
            match piece.char_indices().next_back() {
                Some((at, last)) if last.is_control() => {
                    self.0.write_str(piece.get(..at).unwrap_or_default())?;
                    write!(self.0, "{}", last.escape_debug())?;
                }
                _ => self.0.write_str(piece)?,
            }
        }
        Ok(())
    }
}

pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A text takes whatever is written.
    _ = OneLine(&mut out).write_str(text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else() {
        assert_eq!(one_line("a\n\u{1b}[31mé\u{9b}\r\t"), r"a\n\u{1b}[31mé\u{9b}\r\t");
        assert_eq!(one_line("/run/a b\"c\\d"), "/run/a b\"c\\d");
        assert_eq!(one_line(""), "");
    }
}
