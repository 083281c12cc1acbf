use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::{Config, EnvSource, ProcessEnv, Report};

/// One configuration for the whole program, in a `static` of the program: loaded when it is first asked for.
///
/// The first load that succeeds decides; from then on every call gives the same configuration without a lock. A
/// load that fails returns its [`Report`] and leaves nothing behind, so that the next call tries again. Nothing
/// here ends the process. When several threads ask first, one loads and the others wait for it; a check of the
/// configuration must therefore not ask the same `Shared` itself.
///
/// Prefer to hand the configuration to whoever needs it; this is for programs that cannot.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Profile, Report, Shared, Vars};
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     node_env: Profile,
///     port: u16,
/// }
///
/// static SETTINGS: Shared<Settings> = Shared::new();
///
/// fn main() -> Result<(), Report> {
///     // A program calls `SETTINGS.get()?` alone: it reads the environment of the process.
///     SETTINGS.load(&Vars::from([("NODE_ENV", "staging"), ("PORT", "3000")]))?;
///
///     assert_eq!(SETTINGS.get()?.port, 3000);
///     assert!(SETTINGS.get()?.node_env.is_staging());
///     Ok(())
/// }
/// ```
pub struct Shared<C> {
    loaded: OnceLock<C>,
    loading: Mutex<()>,
}

impl<C> Shared<C> {
    /// Not loaded yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            loaded: OnceLock::new(),
            loading: Mutex::new(()),
        }
    }

    /// The configuration if it is loaded. Never loads and never waits.
    pub fn loaded(&self) -> Option<&C> {
        self.loaded.get()
    }
}

impl<C: Config> Shared<C> {
    /// The configuration, loaded from the environment of this process if it is not loaded yet.
    ///
    /// # Errors
    /// A [`Report`] of all problems. The next call tries again.
    pub fn get(&self) -> Result<&C, Report> {
        self.load(&ProcessEnv)
    }

    /// The configuration, loaded from `source` if it is not loaded yet; else `source` is not looked at.
    ///
    /// # Errors
    /// A [`Report`] of all problems. The next call tries again.
    pub fn load(&self, source: &impl EnvSource) -> Result<&C, Report> {
        match self.loaded.get() {
            Some(config) => Ok(config),
            None => self.load_once(source),
        }
    }

    #[cold]
    fn load_once(&self, source: &impl EnvSource) -> Result<&C, Report> {
        // A load that panicked has left nothing half done.
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = self.loaded.get() {
            return Ok(config);
        }
        let config = C::from_source(source)?;
        Ok(self.loaded.get_or_init(|| config))
    }
}

impl<C> Default for Shared<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: fmt::Debug> fmt::Debug for Shared<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("loaded", &self.loaded.get())
            .finish_non_exhaustive()
    }
}
