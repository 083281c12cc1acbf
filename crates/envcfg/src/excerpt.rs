use std::{fs::File, path::Path};

use crate::{
    EnvSource, FieldSpec, Origin, Problem, bounded,
    scrub::Secrets,
    shown::{Shown, safe},
};

/// The line of a file that a value stands in, up to the value's end, and the part that is wrong.
///
/// What follows the value is left out: it may be a comment with anything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: u32,
    pub(crate) text: String,
    /// In characters, counted from 0.
    pub(crate) start: usize,
    pub(crate) chars: usize,
}

impl Excerpt {
    /// The line of the value that `problem` is about: only if `spec` is no secret, no element of the value holds a
    /// credential or a secret, and the file still says what was read from it.
    pub(crate) fn of(
        problem: &Problem,
        spec: &FieldSpec,
        source: &dyn EnvSource,
        secrets: &Secrets,
    ) -> Option<Self> {
        let (Some(Origin::File { path, line, column }), Some(Shown::Text { .. })) =
            (&problem.origin, &problem.shown)
        else {
            return None;
        };
        let variable = problem.variable()?;
        let text = source.lookup(variable)?.into_parts().0.into_string().ok()?;
        let is_short = text.chars().count() <= MOST_CHARS && !text.chars().any(char::is_control);
        if spec.secret || !is_short || safe(&text) != text || secrets.stand_in(&text) {
            return None;
        }
        let content = read(path)?;
        let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
        let whole = content
            .lines()
            .nth(usize::try_from(*line).ok()?.checked_sub(1)?)?;
        let column = usize::try_from(*column).ok()?.checked_sub(1)?;
        let (start, end) = value_in(whole, variable, column, &text)?;
        let (offset, chars) = part(&text, problem.element);
        Some(Self {
            line: *line,
            text: whole.get(..end)?.to_owned(),
            start: whole.get(..start)?.chars().count() + offset,
            chars: chars.max(1),
        })
    }
}

/// Where the value stands in `line`, in bytes, and where the line may be cut.
fn value_in(line: &str, variable: &str, column: usize, text: &str) -> Option<(usize, usize)> {
    let at = line.char_indices().map(|(at, _)| at).nth(column)?;
    let (before, value) = line.split_at_checked(at)?;
    let quoted = value
        .strip_prefix(['"', '\''])
        .filter(|_| !value.starts_with(text));
    let start = if quoted.is_some() { at + 1 } else { at };
    let name = before.trim_start();
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => name,
    };
    let between = name.strip_prefix(variable)?;
    let is_assignment = between.contains('=') && between.chars().all(|c| " \t='\"".contains(c));
    let behind = line.get(start..)?.strip_prefix(text)?;
    let is_whole = behind.is_empty() || behind.starts_with(['"', '\'', ' ', '\t']);
    if !is_assignment || !is_whole {
        return None;
    }
    let close = usize::from(behind.starts_with(['"', '\'']));
    Some((start, start + text.len() + close))
}

/// Which part of `text` is wrong: one element of a list, or all of it; in characters.
fn part(text: &str, element: Option<usize>) -> (usize, usize) {
    let Some(element) = element else {
        return (0, text.chars().count());
    };
    let before: usize = text
        .split(',')
        .take(element.saturating_sub(1))
        .map(|element| element.chars().count() + 1)
        .sum();
    let element = text.split(',').nth(element.saturating_sub(1)).unwrap_or_default();
    let blank = element.chars().take_while(|c| c.is_whitespace()).count();
    (before + blank, element.trim().chars().count())
}

fn read(path: &Path) -> Option<String> {
    // Opening a pipe would wait for its writer.
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return None;
    }
    let bytes = File::open(path).and_then(bounded::read).ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !bounded::is_cut(text.as_bytes()))
}

/// A longer value says less than it hides.
const MOST_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_found_behind_its_name_alone() {
        assert_eq!(value_in("PORT=80x # old: s3cret", "PORT", 5, "80x"), Some((5, 8)));
        assert_eq!(value_in("export PORT = '80x'", "PORT", 14, "80x"), Some((15, 19)));
        assert_eq!(value_in("export PORT = '80x'", "PORT", 15, "80x"), Some((15, 19)));
        assert_eq!(value_in("export\tPORT=80x", "PORT", 12, "80x"), Some((12, 15)));
        assert_eq!(value_in("export_to=80x", "export_to", 10, "80x"), Some((10, 13)));
        assert_eq!(value_in("PORT=8080", "PORT", 5, "80"), None);
        assert_eq!(value_in("TOKEN=80x", "PORT", 6, "80x"), None);
        assert_eq!(value_in("PORT=${OTHER}", "PORT", 5, "80x"), None);
        assert_eq!(value_in("PORT=é", "PORT", 9, "é"), None);
    }

    #[test]
    fn an_element_is_a_part_of_the_value() {
        assert_eq!(part("a, bé ,c", Some(2)), (3, 2));
        assert_eq!(part("a, bé ,c", Some(3)), (7, 1));
        assert_eq!(part("abc", None), (0, 3));
    }
}
