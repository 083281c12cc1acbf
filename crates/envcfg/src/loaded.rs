use std::borrow::Cow;

use crate::{Config, EnvSource, Origin, Warning, suggest::Slips};

/// A configuration with what the load noticed about it.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Vars};
///
/// #[derive(Config)]
/// struct Settings {
///     #[config(alias = "HTTP_PORT")]
///     port: u16,
/// }
///
/// let loaded = Settings::load(&Vars::from([("HTTP_PORT", "8080")]))?;
/// assert_eq!(loaded.warnings()[0].to_string(), "HTTP_PORT is deprecated, use PORT");
/// assert_eq!(loaded.origin("PORT").map(ToString::to_string).as_deref(), Some("given"));
/// assert_eq!(loaded.into_config().port, 8080);
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    pub(crate) config: C,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) origins: Vec<(Cow<'static, str>, Origin)>,
}

impl<C: Config> Loaded<C> {
    /// Warns about variables in `source` that nothing reads and whose names are much like that of one that is not
    /// set: they would have no effect. A load does not look for them, because that takes longer than the load.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_envcfg::{Config, Vars};
    ///
    /// #[derive(Debug, Config)]
    /// struct Settings {
    ///     #[config(default = 20)]
    ///     database_pool_size: u32,
    /// }
    ///
    /// let vars = Vars::from([("DATABASE_POOLSIZE", "50")]);
    /// let loaded = Settings::load(&vars)?;
    /// assert_eq!(
    ///     loaded.misspelt(&vars)[0].to_string(),
    ///     "DATABASE_POOLSIZE is set but nothing reads it: is it meant for DATABASE_POOL_SIZE?",
    /// );
    /// # Ok::<(), groundcrew_envcfg::Report>(())
    /// ```
    #[must_use]
    pub fn misspelt(&self, source: &impl EnvSource) -> Vec<Warning> {
        Slips::new(&C::fields(), source).warnings(|_| true)
    }
}

impl<C> Loaded<C> {
    /// The configuration.
    pub const fn config(&self) -> &C {
        &self.config
    }

    /// The configuration alone.
    pub fn into_config(self) -> C {
        self.config
    }

    /// What works today but should be changed, such as a deprecated name.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Where the value of `variable` came from; `None` if it was not set.
    pub fn origin(&self, variable: &str) -> Option<&Origin> {
        self.origins
            .iter()
            .find(|(name, _)| name == variable)
            .map(|(_, origin)| origin)
    }
}
