//! Where Kubernetes looks for the reason why a container ended.

use std::{fs::OpenOptions, io, io::Write as _, path::Path};

/// Writes `text` if `path` is a file, and nothing otherwise; says whether it did.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<bool> {
    // Opening a pipe that nobody reads would block for ever.
    if !path.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(false);
    }
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(text.get(..cut(text)).unwrap_or_default().as_bytes())?;
    Ok(true)
}

/// The end of the last line that fits, or of the last letter if not even one line does.
fn cut(text: &str) -> usize {
    if text.len() <= MOST {
        return text.len();
    }
    let letter = text.floor_char_boundary(MOST);
    let line = text.get(..letter).and_then(|head| head.rfind('\n'));
    line.filter(|end| *end > MOST / 2).unwrap_or(letter)
}

/// Kubernetes reads no more of it.
const MOST: usize = 4096;

/// Where Kubernetes puts the file unless `terminationMessagePath` says otherwise.
pub(crate) const PATH: &str = "/dev/termination-log";

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_long_text_is_cut_at_the_end_of_a_line_or_of_a_letter() {
        let lines = "é line\n".repeat(1000);

        assert_eq!(cut(&lines) % "é line\n".len(), "é line".len());
        assert!((4000..=4096).contains(&cut(&lines)));
        assert_eq!(cut(&format!("a{}", "é".repeat(4000))), 4095);
        assert_eq!(cut("short"), 5);
    }

    #[test]
    fn only_a_file_that_exists_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");

        assert!(!write(&path, "x").unwrap() && !path.exists());
        assert!(!write(dir.path(), "x").unwrap());
        fs::write(&path, "what was there before").unwrap();
        assert!(write(&path, "x").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
    }
}
