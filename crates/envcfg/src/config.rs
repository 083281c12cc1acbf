use crate::{
    Describe, Docs, EnvSource, Field, FieldSpec, Loaded, Loader, NameFilter, ProcessEnv, Report, Tree,
    default_problems,
};

/// A configuration that is read from environment variables; `#[derive(Config)]` implements it.
///
/// A load reads every field, applies every rule and reports every problem at once. It neither ends the
/// process nor writes the environment; what to do with a [`Report`] is the caller's decision.
pub trait Config: Sized + 'static {
    #[doc(hidden)]
    const FIELDS: &'static [Field];

    #[doc(hidden)]
    const TREE: &'static [Tree];

    #[doc(hidden)]
    const NAMES: NameFilter = NameFilter::of(Self::TREE);

    #[doc(hidden)]
    fn load_with(loader: &mut Loader<'_>, defaults: Option<Self>) -> Option<Self>;

    #[doc(hidden)]
    fn describe(describe: &mut Describe, defaults: Option<&Self>);

    /// Reads the configuration from the environment of this process.
    ///
    /// # Errors
    /// A [`Report`] of all problems, in the order in which the fields are declared.
    fn from_env() -> Result<Self, Report> {
        Self::from_source(&ProcessEnv)
    }

    /// Reads the configuration from `source`.
    ///
    /// # Errors
    /// A [`Report`] of all problems, in the order in which the fields are declared.
    fn from_source(source: &(impl EnvSource + ?Sized)) -> Result<Self, Report> {
        Loader::load(&source, false).map(Loaded::into_config)
    }

    /// Reads the configuration from `source` and keeps the warnings and the origin of every value.
    ///
    /// # Errors
    /// A [`Report`] of all problems, in the order in which the fields are declared.
    fn load(source: &(impl EnvSource + ?Sized)) -> Result<Loaded<Self>, Report> {
        Loader::load(&source, true)
    }

    /// Holds every default, also those of single profiles, against the type and the rules of its field.
    ///
    /// The derive refuses a default that breaks a rule where it can tell: a literal within bounds that are literals or
    /// constants. Only this tells the rest: regular expressions, the names of an enum's variants, values of `Default`,
    /// bounds and defaults that call a function, bounds of a type of your own, functions such as `custom`, and placeholders
    /// of what only the prefix of an outer struct makes a secret. One line of test keeps it right:
    ///
    /// ```
    /// # use groundcrew_envcfg::Config;
    /// # #[derive(Config)]
    /// # struct Settings {
    /// #     #[config(default = 3000)]
    /// #     port: u16,
    /// # }
    /// // #[test]
    /// fn defaults_follow_their_own_rules() {
    ///     assert_eq!(Settings::check_defaults(), Ok(()));
    /// }
    /// # defaults_follow_their_own_rules();
    /// ```
    ///
    /// # Errors
    /// A [`Report`] of the defaults that cannot be read or break a rule, also in groups that are optional.
    fn check_defaults() -> Result<(), Report> {
        default_problems::check::<Self>()
    }

    /// Documents every variable, in the order of declaration, nested ones in their place.
    #[must_use]
    fn fields() -> Vec<FieldSpec> {
        Describe::all::<Self>()
    }

    /// The documents about every variable: `.env.example`, Markdown, JSON Schema, Kubernetes, compose.
    #[must_use]
    fn docs() -> Docs {
        Docs::of::<Self>()
    }
}
