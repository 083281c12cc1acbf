use std::{fmt, path::PathBuf};

use crate::{EnvSource, Glance, NameFilter, Problem, Value, Warning, remembered};

/// Sources one above the other: the first that has a variable with a text that is not empty gives it.
///
/// For two sources known at compile time a tuple does the same.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Layers, ProcessEnv, Vars};
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// let fallback = Vars::from([("PORT", "8080")]);
/// let settings = Settings::from_source(&Layers::new().then(ProcessEnv).then(fallback.clone()))?;
/// assert_eq!(settings.port, Settings::from_source(&(ProcessEnv, fallback))?.port);
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
#[derive(Default)]
pub struct Layers<'s>(Vec<Box<dyn EnvSource + 's>>);

impl<'s> Layers<'s> {
    /// No layer yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a source below those added before.
    #[must_use]
    pub fn then(mut self, source: impl EnvSource + 's) -> Self {
        self.0.push(Box::new(source));
        self
    }
}

impl EnvSource for Layers<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0
            .iter()
            .zip(0..)
            .find_map(|(source, number)| Some(filled(source, name)?.in_layer(number)))
    }

    fn glance(&self, name: &str) -> Glance<'_> {
        glance(&self.0, name)
    }

    fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        Some(at_once(&self.0, names))
    }

    fn names(&self) -> Vec<String> {
        let names = self.0.iter().flat_map(EnvSource::names);
        sorted(names.collect())
    }

    fn problems(&self) -> Vec<Problem> {
        self.0.iter().flat_map(EnvSource::problems).collect()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.0.iter().flat_map(EnvSource::warnings).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.0.iter().flat_map(EnvSource::files).collect()
    }
}

impl fmt::Debug for Layers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers")
            .field("sources", &self.0.len())
            .finish_non_exhaustive()
    }
}

impl<A: EnvSource, B: EnvSource> EnvSource for (A, B) {
    fn lookup(&self, name: &str) -> Option<Value> {
        let first = filled(&self.0, name).map(|value| value.in_layer(0));
        first.or_else(|| Some(filled(&self.1, name)?.in_layer(1)))
    }

    fn glance(&self, name: &str) -> Glance<'_> {
        match self.0.glance(name) {
            Glance::Unset => self.1.glance(name),
            glance => glance,
        }
    }

    fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        let layers = Layers(vec![
            remembered::at_once(&self.0, names),
            remembered::at_once(&self.1, names),
        ]);
        Some(Box::new(layers))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.0.names();
        names.extend(self.1.names());
        sorted(names)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.0.problems();
        problems.extend(self.1.problems());
        problems
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.0.warnings();
        warnings.extend(self.1.warnings());
        warnings
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files = self.0.files();
        files.extend(self.1.files());
        files
    }
}

/// The first glance at a variable that finds it.
pub(crate) fn glance<'s>(sources: &'s [impl EnvSource], name: &str) -> Glance<'s> {
    let mut glances = sources.iter().map(|source| source.glance(name));
    glances
        .find(|glance| !matches!(glance, Glance::Unset))
        .unwrap_or(Glance::Unset)
}

/// The sources as they are now, for one load.
pub(crate) fn at_once<'s, S: EnvSource>(sources: &'s [S], names: &'s NameFilter) -> Box<dyn EnvSource + 's> {
    Box::new(Layers(
        sources
            .iter()
            .map(|source| remembered::at_once(source, names))
            .collect(),
    ))
}

fn filled(source: &impl EnvSource, name: &str) -> Option<Value> {
    source.lookup(name).filter(|value| !value.is_empty())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}
