use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::Compress;

/// What the files beside a log file are called.
#[derive(Clone, Debug)]
pub(super) struct Names {
    directory: PathBuf,
    stem: OsString,
    extension: Option<OsString>,
}

/// What the name of an archive says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ArchiveName {
    pub(super) number: u64,
    pub(super) compress: Compress,
}

impl Names {
    pub(super) fn new(path: &Path) -> Self {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self {
            directory: directory.unwrap_or_else(|| Path::new(".")).to_owned(),
            stem: path.file_stem().unwrap_or_default().to_owned(),
            extension: path.extension().map(OsStr::to_owned),
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// `combined.000007.log` for `combined.log`, with a label `combined.000007.2026-11-22.log`.
    pub(super) fn archive(&self, number: u64, label: Option<&str>) -> PathBuf {
        let mut name = self.stem.clone();
        name.push(format!(".{number:0DIGITS$}"));
        for part in [label.map(OsStr::new), self.extension.as_deref()]
            .into_iter()
            .flatten()
        {
            name.push(".");
            name.push(part);
        }
        self.directory.join(name)
    }

    /// What `name` says if it is that of an archive.
    pub(super) fn parse(&self, name: &OsStr) -> Option<ArchiveName> {
        let rest = name.as_encoded_bytes();
        let rest = rest
            .strip_prefix(self.stem.as_encoded_bytes())?
            .strip_prefix(b".")?;
        COMPRESSIONS.into_iter().find_map(|compress| {
            let rest = rest.strip_suffix(compress.suffix().as_bytes())?;
            let number = self.number(rest)?;
            Some(ArchiveName { number, compress })
        })
    }

    /// Whether `name` is that of an archive in the making.
    pub(super) fn is_temporary(&self, name: &OsStr) -> bool {
        let name = name.as_encoded_bytes();
        let inner = name
            .strip_prefix(b".")
            .and_then(|name| name.strip_suffix(TEMPORARY.as_bytes()));
        inner
            .and_then(|inner| str::from_utf8(inner).ok())
            .and_then(|inner| self.parse(inner.as_ref()))
            .is_some_and(|name| name.compress != Compress::Off)
    }

    fn number(&self, rest: &[u8]) -> Option<u64> {
        let inner = match &self.extension {
            Some(extension) => rest
                .strip_suffix(extension.as_encoded_bytes())?
                .strip_suffix(b".")?,
            None => rest,
        };
        let (digits, label) = match memchr::memchr(b'.', inner) {
            Some(dot) => (inner.get(..dot)?, inner.get(dot + 1..)),
            None => (inner, None),
        };
        let digits = str::from_utf8(digits).ok()?;
        let number: u64 = digits.parse().ok().filter(|number| *number <= LAST)?;
        (format!("{number:0DIGITS$}") == digits && label.is_none_or(is_label)).then_some(number)
    }
}

/// The compressed archive of a plain one.
pub(super) fn compressed(plain: &Path, compress: Compress) -> PathBuf {
    let mut name = plain.as_os_str().to_owned();
    name.push(compress.suffix());
    name.into()
}

/// What a file is called before it is complete: hidden, so that nobody ships it.
pub(super) fn temporary(path: &Path) -> PathBuf {
    hidden(path, TEMPORARY)
}

/// The file that says who writes to `path`.
pub(super) fn lock(path: &Path) -> PathBuf {
    hidden(path, ".lock")
}

fn hidden(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}

/// `2026-11-22` or `2026-11-22T04`.
fn is_label(label: &[u8]) -> bool {
    let pattern = match label.len() {
        10 => "dddd-dd-dd",
        13 => "dddd-dd-ddTdd",
        _ => return false,
    };
    label
        .iter()
        .zip(pattern.bytes())
        .all(|(byte, expected)| match expected {
            b'd' => byte.is_ascii_digit(),
            other => *byte == other,
        })
}

/// Numbers have at least so many digits, so that names sort.
const DIGITS: usize = 6;
/// Greater numbers are not ours, and one more would be too many.
const LAST: u64 = 999_999_999_999;
pub(super) const COMPRESSIONS: [Compress; 3] = [Compress::Off, Compress::Gzip, Compress::Zstd];
const TEMPORARY: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str, name: &str) -> Option<(u64, Compress)> {
        let parsed = Names::new(Path::new(path)).parse(name.as_ref());
        parsed.map(|name| (name.number, name.compress))
    }

    #[test]
    fn a_name_is_read_back() {
        for path in [
            "/logs/combined.log",
            "combined.log",
            "logs/app",
            "logs/app.2.json",
            "logs/app.gz",
            ".hidden",
        ] {
            let names = Names::new(Path::new(path));
            for label in [None, Some("2026-11-22"), Some("2026-11-22T04")] {
                for (number, compress) in [
                    (1, Compress::Off),
                    (999_999, Compress::Gzip),
                    (1_000_000, Compress::Zstd),
                ] {
                    let archive = compressed(&names.archive(number, label), compress);
                    let name = archive.file_name().unwrap();
                    assert_eq!(
                        names.parse(name),
                        Some(ArchiveName { number, compress }),
                        "{name:?}"
                    );
                    let temporary = temporary(&archive);
                    let is_temporary = names.is_temporary(temporary.file_name().unwrap());
                    assert_eq!(is_temporary, compress != Compress::Off, "{temporary:?}");
                }
            }
        }
    }

    #[test]
    fn names_of_others_are_none_of_ours() {
        let others = [
            "combined.log",
            "combined.1.log",
            "combined.0000001.log",
            "combined.+00001.log",
            "combined.00000x.log",
            "combined.000001.log.bak",
            "combined.000001.log.gz.part",
            "combined.000001.yesterday.log",
            "combined.000001.2026-11-2x.log",
            "combined.1000000000000.log",
            "combined.18446744073709551615.log",
            "combined.99999999999999999999999.log",
            "combined2.000001.log",
            "other.000001.log",
            "error.000001.log",
            ".combined.log.lock",
        ];
        for other in others {
            assert_eq!(parse("logs/combined.log", other), None, "{other}");
            let is_temporary = Names::new(Path::new("combined.log")).is_temporary(other.as_ref());
            assert!(!is_temporary, "{other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt as _;

        let names = Names::new(Path::new(OsStr::from_bytes(b"logs/caf\xe9.log")));

        let archive = names.archive(3, None);

        assert_eq!(archive.as_os_str().as_bytes(), b"logs/caf\xe9.000003.log");
        assert_eq!(names.parse(archive.file_name().unwrap()).unwrap().number, 3);
    }
}
