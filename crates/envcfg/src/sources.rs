use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    Dotenv, EnvSource, Glance, NameFilter, Problem, ProcessEnv, SecretsDir, Value, Warning,
    layers::{at_once, glance},
};

/// The sources of a service, one above the other: what is added first wins.
///
/// Unlike [`Layers`](crate::Layers), a dotenv file that is added here finds the profile and the variables it refers
/// to in the sources above it.
///
/// A variable and its `NAME_FILE` contradict each other only in one source; in two, the higher one wins.
///
/// # Examples
/// The usual order:
/// ```no_run
/// use groundcrew_envcfg::{Config, Dotenv, SecretsDir, Sources};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// let sources = Sources::new()
///     .env()
///     .dotenv(Dotenv::layered(".").profile_from("NODE_ENV", "development"))
///     .secrets_dir("/run/secrets");
/// let settings = Settings::from_source(&sources)?;
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
/// In a test, with a map in the place of the environment:
/// ```
/// use groundcrew_envcfg::{Config, Dotenv, Sources, Vars};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
///     url: String,
/// }
///
/// let file = Dotenv::text(".env", "PORT=3000\nURL=http://localhost:${PORT}/");
/// let sources = Sources::new()
///     .with(Vars::from([("PORT", "8080")]))
///     .dotenv(file.interpolated());
/// let settings = Settings::from_source(&sources)?;
/// assert_eq!((settings.port, settings.url.as_str()), (8080, "http://localhost:8080/"));
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
#[derive(Default)]
pub struct Sources {
    layers: Vec<Box<dyn EnvSource + Send + Sync>>,
    allows_empty: bool,
}

impl Sources {
    /// No source yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            layers: Vec::new(),
            allows_empty: false,
        }
    }

    /// Adds the environment of this process below what was added before.
    #[must_use]
    pub fn env(self) -> Self {
        self.with(ProcessEnv)
    }

    /// Adds dotenv files, and reads them.
    #[must_use]
    pub fn dotenv(self, files: Dotenv) -> Self {
        files.read_below(&self);
        self.with(files)
    }

    /// Adds a directory with a file for each secret, such as `/run/secrets`, which may be missing; see
    /// [`SecretsDir`].
    #[must_use]
    pub fn secrets_dir(self, dir: impl AsRef<Path>) -> Self {
        self.with(SecretsDir::new(dir.as_ref()))
    }

    /// Adds a source of any kind.
    #[must_use]
    pub fn with(mut self, source: impl EnvSource + Send + Sync + 'static) -> Self {
        self.layers.push(Box::new(source));
        self
    }

    /// Takes an empty text as a value, which hides those below it; without this it counts as unset.
    ///
    /// In the generated `.env.example` and the resources for [`Kubernetes`](crate::docs::Kubernetes) what must be
    /// filled in is an empty text. Where that is a value, a variable that nobody filled in is no longer missing but
    /// empty: take the line away, or fill it in. A [`Compose`](crate::docs::Compose) part sets nothing to an empty
    /// text.
    #[must_use]
    pub const fn allow_empty(mut self) -> Self {
        self.allows_empty = true;
        self
    }
}

impl EnvSource for Sources {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.layers.iter().zip(0..).find_map(|(source, number)| {
            let mut value = source.lookup(name)?;
            if self.allows_empty {
                value = value.even_if_empty();
            }
            (!value.is_empty()).then(|| value.in_layer(number))
        })
    }

    fn glance(&self, name: &str) -> Glance<'_> {
        match self.allows_empty {
            true => Glance::of(self.lookup(name)),
            false => glance(&self.layers, name),
        }
    }

    fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        (!self.allows_empty).then(|| at_once(&self.layers, names))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.layers.iter().flat_map(EnvSource::names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn problems(&self) -> Vec<Problem> {
        self.layers.iter().flat_map(EnvSource::problems).collect()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.layers.iter().flat_map(EnvSource::warnings).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.layers.iter().flat_map(EnvSource::files).collect()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("sources", &self.layers.len())
            .finish_non_exhaustive()
    }
}
