use std::{
    fmt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{EnvSource, NameFilter, Problem, Value, Vars, Warning};

mod entries;
mod expand;
mod faults;
mod file;
mod mistake;
mod parser;
mod places;
mod profile_files;

pub(crate) use mistake::WITHHELD;

use entries::{Entries, Layer};
use file::Missing;
use profile_files::{Profile, ProfileFiles};

/// Variables from dotenv files (`.env`), read without touching the environment of the process.
///
/// A file is read once, at the first look at it, and what is wrong with it comes in the report of the load: every
/// mistake with its line and column, never with a value. A value keeps its place, so that a report says
/// `from .env:3:6`. A file has at most 1 MiB.
///
/// # Syntax
/// - `NAME=value`, `NAME = value`, `export NAME=value`, one a line; a name has letters, digits, `_`, `-` and `.`.
/// - `# comment` on a line of its own or behind a value with a space before the `#`: `a#b` is a value.
/// - `'...'` is literal. `"..."` knows `\n`, `\r`, `\t`, `\"`, `\\`, `\$` and `` \` ``; any other `\` is itself.
///   Both may go over several lines.
/// - A value without quotes ends with the line or the comment; in it `\`, `$` and quotes are themselves.
/// - Lines end in LF, CRLF or CR, which all become LF in a quoted value. A byte order mark is skipped.
/// - A name that is set twice has its last value, and a warning.
///
/// With [`interpolated`](Self::interpolated), `${NAME}`, `${NAME:-default}` and `${NAME:?message}` refer to other
/// variables, except in single quotes. Without it, and without braces, `$` is a character like any other, because
/// passwords have it too.
///
/// `docs/dotenv.md` compares every detail with python-dotenv, node's dotenv and `sh`.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Dotenv};
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     port: u16,
///     motto: String,
/// }
///
/// let file = Dotenv::text(".env", "PORT=8080 # the default\nexport MOTTO='it costs $5'\n");
/// let settings = Settings::from_source(&file)?;
/// assert_eq!((settings.port, settings.motto.as_str()), (8080, "it costs $5"));
///
/// let file = Dotenv::text(".env", "PORT=80x\nMOTTO=\"not closed\n");
/// let report = Settings::from_source(&file).expect_err("two mistakes");
/// assert_eq!(report.to_string(), "\
/// configuration is invalid: 2 problems
///   MOTTO: the quote that starts here is not closed (from .env:2:7)
///   PORT = \"80x\": expected a whole number from 0 to 65535 (from .env:1:6)");
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
pub struct Dotenv {
    files: Files,
    is_interpolated: bool,
    entries: OnceLock<Entries>,
}

enum Files {
    Path { path: PathBuf, missing: Missing },
    Text { name: PathBuf, text: Vec<u8> },
    Profile(ProfileFiles),
}

impl Dotenv {
    /// The file at `path`, which must exist unless [`optional`](Self::optional) says otherwise.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Files::Path {
            path: path.into(),
            missing: Missing::IsWrong,
        })
    }

    /// The text of a file that reports call `name`: for tests, and for text from elsewhere.
    pub fn text(name: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        Self::new(Files::Text {
            name: name.into(),
            text: text.into(),
        })
    }

    /// The files of a profile in the directory `dir`, of which each may be missing and an earlier one wins:
    /// `.env.{profile}.local`, `.env.local` (not in the profile `test`, whose results must not depend on the
    /// machine), `.env.{profile}`, `.env`.
    ///
    /// A short name such as `prod` means the files of the long one, `.env.production`. Without
    /// [`profile`](Self::profile) or [`profile_from`](Self::profile_from) these are `.env.local` and `.env`.
    pub fn layered(dir: impl Into<PathBuf>) -> Self {
        Self::new(Files::Profile(ProfileFiles::new(dir.into())))
    }

    /// Lets the file be missing; [`layered`](Self::layered) files may be missing anyway.
    #[must_use]
    pub fn optional(mut self) -> Self {
        if let Files::Path { missing, .. } = &mut self.files {
            *missing = Missing::IsFine;
        }
        self
    }

    /// Reads the [`layered`](Self::layered) files of this profile.
    #[must_use]
    pub fn profile(self, name: impl Into<String>) -> Self {
        self.chosen_by(Profile::Named(name.into()))
    }

    /// Reads the [`layered`](Self::layered) files of the profile that `variable` names in the sources above, in
    /// lower case; of the profile `default` if it is not set there. Only [`Sources::dotenv`](crate::Sources::dotenv)
    /// knows the sources above.
    #[must_use]
    pub fn profile_from(self, variable: impl Into<String>, default: impl Into<String>) -> Self {
        self.chosen_by(Profile::Variable {
            variable: variable.into(),
            default: default.into(),
        })
    }

    /// Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in values without quotes and in double quotes.
    ///
    /// A reference gives the variable of the sources above if it is set there (with
    /// [`Sources::dotenv`](crate::Sources::dotenv)), else the value that was read before: further up in the file or
    /// in a file below it. If there is none, `:-` gives its default, and `:?` is reported with its message, unless
    /// either variable is a secret, by its name or in the configuration; a plain reference is reported too. `\$` is a `$`. A default cannot hold a reference.
    #[must_use]
    pub const fn interpolated(mut self) -> Self {
        self.is_interpolated = true;
        self
    }

    const fn new(files: Files) -> Self {
        Self {
            files,
            is_interpolated: false,
            entries: OnceLock::new(),
        }
    }

    fn chosen_by(mut self, profile: Profile) -> Self {
        if let Files::Profile(files) = &mut self.files {
            files.profile = profile;
        }
        self
    }

    /// Reads the files if nobody has; references and the profile are looked up in `above`.
    pub(crate) fn read_below(&self, above: &dyn EnvSource) {
        self.entries_below(above);
    }

    fn entries(&self) -> &Entries {
        self.entries_below(&Vars::new())
    }

    fn entries_below(&self, above: &dyn EnvSource) -> &Entries {
        self.entries.get_or_init(|| {
            let references = self.is_interpolated.then_some(above);
            let layer = |path, number| Layer {
                path,
                number,
                above: references,
            };
            let mut entries = Entries::new();
            match &self.files {
                Files::Path { path, missing } => entries.open(layer(path, 0), *missing),
                Files::Text { name, text } => drop(entries.read(layer(name, 0), text)),
                Files::Profile(files) => {
                    let chosen = files.chosen(above);
                    for (number, path) in (0..MOST_LAYERS).zip(&chosen.paths).rev() {
                        entries.open(layer(path, number), Missing::IsFine);
                    }
                    let warning = chosen.warning(&entries);
                    entries.warnings.extend(warning);
                }
            }
            entries
        })
    }
}

impl EnvSource for Dotenv {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.entries().lookup(name)
    }

    fn at_once<'s>(&'s self, _: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        Some(Box::new(self))
    }

    fn names(&self) -> Vec<String> {
        self.entries().names()
    }

    fn problems(&self) -> Vec<Problem> {
        self.entries().problems.clone()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.entries().warnings.clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.entries().paths.clone()
    }
}

impl fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: &Path = match &self.files {
            Files::Path { path, .. } => path,
            Files::Text { name, .. } => name,
            Files::Profile(files) => files.dir(),
        };
        f.debug_struct("Dotenv")
            .field("path", &path)
            .finish_non_exhaustive()
    }
}

/// The files of one profile.
const MOST_LAYERS: u32 = 4;
