use std::{
    error::Error as StdError,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use crate::EnvSource;

/// Fails a test when a file that is checked in differs from the document it was generated from.
///
/// The path is relative to the directory of the crate that calls it. With `UPDATE_DOCS=1` in the environment the
/// file is written instead, directories included; so `UPDATE_DOCS=1 cargo test` brings every document up to date.
/// Line ends do not count: git may have changed them.
///
/// # Panics
/// When the file is out of date or cannot be read or written: with the first line that differs and with what to
/// do.
///
/// # Examples
/// ```no_run
/// use groundcrew_envcfg::{Config, assert_current};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// // In a test of the service:
/// assert_current!("docs/configuration.md", Settings::docs().markdown());
/// assert_current!(".env.example", Settings::docs().env_example());
/// ```
#[macro_export]
macro_rules! assert_current {
    ($path:expr, $document:expr $(,)?) => {
        if let ::core::result::Result::Err(stale) = $crate::docs::check_current(
            &$crate::ProcessEnv,
            ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/").as_ref(),
            $path,
            &::std::string::ToString::to_string(&$document),
        ) {
            ::core::panic!("{stale}");
        }
    };
}

/// Compares the file at `path` below `directory` with `document`.
///
/// If `source` has `UPDATE_DOCS` set to anything but `0` and `false`, the file is written instead.
/// [`assert_current!`](crate::assert_current) is this with the process environment.
///
/// # Errors
/// [`Stale`] says what differs, or why the file cannot be read or written.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Vars, docs::check_current};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// let directory = tempfile::tempdir()?;
/// let document = Settings::docs().markdown().to_string();
/// let stale = check_current(&Vars::new(), directory.path(), "docs/config.md", &document);
/// assert!(stale.is_err_and(|stale| stale.to_string().contains("UPDATE_DOCS=1")));
///
/// check_current(&Vars::from([("UPDATE_DOCS", "1")]), directory.path(), "docs/config.md", &document)?;
/// check_current(&Vars::new(), directory.path(), "docs/config.md", &document)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_current(
    source: &impl EnvSource,
    directory: &Path,
    path: &str,
    document: &str,
) -> Result<(), Stale> {
    let path = directory.join(path);
    if wants_update(source) {
        return write(&path, document).map_err(|source| Stale::Unwritable { path, source });
    }
    match fs::read_to_string(&path) {
        Ok(text) => first_difference(&text, document).map_or(Ok(()), |difference| {
            Err(Stale::Differs {
                path,
                line: difference.line,
                found: difference.found,
                wanted: difference.wanted,
            })
        }),
        Err(source) => Err(Stale::Unreadable { path, source }),
    }
}

/// Says why a file is not the document it should be. `Display` also says how to update it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stale {
    /// The file differs from the document.
    Differs {
        /// The file.
        path: PathBuf,
        /// The first line that differs, counted from 1.
        line: usize,
        /// That line of the file; `None` if the file is shorter.
        found: Option<String>,
        /// That line of the document; `None` if the document is shorter.
        wanted: Option<String>,
    },
    /// The file cannot be read, perhaps because it does not exist yet.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be written.
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs {
                path,
                line,
                found,
                wanted,
            } => {
                writeln!(f, "{} is out of date from line {line} on:", path.display())?;
                let shown = |line: &Option<String>| match line {
                    Some(text) => format!(" {text}"),
                    None => String::from(" (no such line)"),
                };
                writeln!(f, "  the file has{}", shown(found))?;
                writeln!(f, "  the code says{}", shown(wanted))?;
                f.write_str(HOW)
            }
            Self::Unreadable { path, source } => {
                write!(f, "cannot read {}: {}\n{HOW}", path.display(), source.kind())
            }
            Self::Unwritable { path, source } => {
                write!(f, "cannot write {}: {}", path.display(), source.kind())
            }
        }
    }
}

impl StdError for Stale {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Differs { .. } => None,
            Self::Unreadable { source, .. } | Self::Unwritable { source, .. } => Some(source),
        }
    }
}

const HOW: &str = "run the test again with UPDATE_DOCS=1 to write it";

struct Difference {
    line: usize,
    found: Option<String>,
    wanted: Option<String>,
}

fn first_difference(text: &str, document: &str) -> Option<Difference> {
    let (mut found, mut wanted) = (text.lines(), document.lines());
    for line in 1.. {
        let pair = (found.next(), wanted.next());
        match pair {
            (None, None) => return None,
            (found, wanted) if found != wanted => {
                return Some(Difference {
                    line,
                    found: found.map(str::to_owned),
                    wanted: wanted.map(str::to_owned),
                });
            }
            _ => {}
        }
    }
    None
}

/// Writes `document` to `path` by way of a file next to it, so that nobody ever reads half of it.
pub(crate) fn write(path: &Path, document: &str) -> io::Result<()> {
    if let Some(directory) = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
    {
        fs::create_dir_all(directory)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    fs::write(&temporary, document)?;
    fs::rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn wants_update(source: &impl EnvSource) -> bool {
    let value = source.lookup("UPDATE_DOCS").map(|value| value.into_parts().0);
    value.is_some_and(|text| !["", "0", "false"].iter().any(|no| text == *no))
}
