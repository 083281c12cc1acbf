use std::{fs, io, path::Path};

use crate::{Samples, digits::number};

/// Reads the small files of control groups, and keeps the collection going when one is not as expected.
#[derive(Debug)]
pub(super) struct Reader<'a, 's> {
    samples: &'a mut Samples<'s>,
}

impl<'a, 's> Reader<'a, 's> {
    pub(super) const fn new(samples: &'a mut Samples<'s>) -> Self {
        Self { samples }
    }

    /// Where the samples go.
    pub(super) const fn samples(&mut self) -> &mut Samples<'s> {
        self.samples
    }

    /// The text of a file; none when the kernel does not offer it.
    pub(super) fn text(&mut self, path: &Path) -> Option<String> {
        match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if is_missing(&error) => None,
            Err(error) => {
                self.samples
                    .fail(format_args!("reading {}: {error}", path.display()));
                None
            }
        }
    }

    /// The whole number in a file.
    pub(super) fn number(&mut self, path: &Path) -> Option<u64> {
        let text = self.text(path)?;
        self.understood(path, number(text.trim_ascii().as_bytes()))
    }

    /// The limit in a file, infinite where none is set.
    pub(super) fn limit(&mut self, path: &Path) -> Option<f64> {
        let text = self.text(path)?;
        self.understood(path, limit(text.trim_ascii()))
    }

    /// A value that could be read, or a failure that names the file.
    pub(super) fn understood<T>(&mut self, path: &Path, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.samples
                .fail(format_args!("{} is not as expected", path.display()));
        }
        value
    }
}

/// The value of a key in a text of lines `key value`.
pub(super) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(' ')?;
        (found == key).then(|| number(value.trim_ascii().as_bytes()))?
    })
}

/// A limit in either version: `max`, `-1` and the highest count of pages mean none.
pub(super) fn limit(text: &str) -> Option<f64> {
    if matches!(text, "max" | "-1") {
        return Some(f64::INFINITY);
    }
    let limit = number(text.as_bytes())?;
    Some(if limit >= NO_LIMIT {
        f64::INFINITY
    } else {
        limit as f64
    })
}

/// The lower of two limits, where any is known.
pub(super) fn lower(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Not there, switched off, or gone between two looks.
fn is_missing(error: &io::Error) -> bool {
    const ENODEV: i32 = 19;
    const EOPNOTSUPP: i32 = 95;
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::Unsupported
    ) || matches!(error.raw_os_error(), Some(ENODEV | EOPNOTSUPP))
}

/// Version 1 shows the highest count of pages, in bytes, just below 2^63 and by page size. No machine has 2^60.
const NO_LIMIT: u64 = 1 << 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_limited_is_infinite() {
        assert_eq!(limit("max"), Some(f64::INFINITY));
        assert_eq!(limit("-1"), Some(f64::INFINITY));
        assert_eq!(limit("9223372036854771712"), Some(f64::INFINITY));
        assert_eq!(limit("9223372036854710272"), Some(f64::INFINITY));
        assert_eq!(limit("536870912"), Some(536_870_912.0));
        assert_eq!(limit("0"), Some(0.0));
        assert_eq!(limit("some"), None);
        assert_eq!(limit(""), None);
    }

    #[test]
    fn keys_are_whole_words() {
        let text = "inactive_file_x 1\nfile 2\ninactive_file 3\nbroken\n";

        assert_eq!(keyed(text, "inactive_file"), Some(3));
        assert_eq!(keyed(text, "active_file"), None);
        assert_eq!(keyed(text, "broken"), None);
    }
}
