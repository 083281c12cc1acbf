use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{EnvSource, Origin, Problem, ProblemKind, Value, secret_files::read_secret};

/// A directory with a file for each variable, as Docker and Kubernetes mount secrets.
///
/// The variable `AUTH_SECRET` is in the file `AUTH_SECRET` or `auth_secret`. One line break at its end is not part
/// of the value; a file has at most 1 MiB. A directory that does not exist has no variables, unless it is
/// [`required`](Self::required). Directories in it, and what starts with `..` (Kubernetes keeps its versions there),
/// are no variables. A file is read when its variable is looked up, by a load once: one that nothing asks for cannot be
/// wrong.
///
/// Reports treat every value from here as a secret.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Secret, SecretsDir};
///
/// #[derive(Config)]
/// struct Settings {
///     auth_secret: Secret,
/// }
///
/// # let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("auth_secret"), "hunter2\n")?;
/// let settings = Settings::from_source(&SecretsDir::new(dir.path()))?;
/// assert_eq!(settings.auth_secret.expose(), "hunter2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SecretsDir {
    path: PathBuf,
    is_required: bool,
    listing: OnceLock<Listing>,
}

#[derive(Debug)]
struct Listing {
    names: BTreeSet<String>,
    error: Option<io::ErrorKind>,
}

impl SecretsDir {
    /// The directory at `path`, listed at the first look at it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            is_required: false,
            listing: OnceLock::new(),
        }
    }

    /// Makes it a problem if the directory does not exist.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| match list(&self.path) {
            Ok(names) => Listing { names, error: None },
            Err(error) => Listing {
                names: BTreeSet::new(),
                error: Some(error.kind()),
            },
        })
    }

    fn open(&self, name: &str) -> Value {
        let path = self.path.join(name);
        let text = read_secret(&path);
        let origin = Origin::SecretsDir { path };
        match text {
            Ok(text) => Value::new(text, origin),
            Err(reason) => Value::unreadable(reason, origin),
        }
    }
}

impl EnvSource for SecretsDir {
    fn lookup(&self, name: &str) -> Option<Value> {
        let names = &self.listing().names;
        if names.is_empty() {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        match (names.contains(name), lower != name && names.contains(&lower)) {
            (true, true) => {
                let path = self.path.join(name);
                let reason = format!("there is a file {lower} too");
                Some(Value::unreadable(reason, Origin::SecretsDir { path }))
            }
            (true, false) => Some(self.open(name)),
            (false, true) => Some(self.open(&lower)),
            (false, false) => None,
        }
    }

    fn names(&self) -> Vec<String> {
        self.listing().names.iter().cloned().collect()
    }

    fn problems(&self) -> Vec<Problem> {
        let error = self.listing().error;
        let error = error.filter(|kind| self.is_required || *kind != io::ErrorKind::NotFound);
        error.map_or_else(Vec::new, |kind| {
            let message = format!("cannot list the secrets in {}: {kind}", self.path.display());
            let mut problem = Problem::new(ProblemKind::File, String::new(), message);
            problem.variable = None;
            vec![problem]
        })
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}

/// The names of the files in `dir` that may be variables.
fn list(dir: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // What cannot be examined may still be asked for, and is a problem then.
        let is_file = fs::metadata(entry.path()).map_or(true, |metadata| metadata.is_file());
        if is_file && !name.starts_with("..") {
            names.insert(name);
        }
    }
    Ok(names)
}
