use std::ffi::OsString;

use crate::{Origin, Problem, Warning};

/// Gives the text of variables by name: the process environment, a map, layers of both.
///
/// A load reads nothing else, so a test passes a map and touches no process environment.
///
/// # Examples
/// A source of your own:
/// ```
/// use groundcrew_envcfg::{Config, EnvSource, Origin, Value};
///
/// struct OnlyPort;
///
/// impl EnvSource for OnlyPort {
///     fn lookup(&self, name: &str) -> Option<Value> {
///         (name == "PORT").then(|| Value::new("8080", Origin::named("the only port")))
///     }
///
///     fn names(&self) -> Vec<String> {
///         vec![String::from("PORT")]
///     }
/// }
///
/// #[derive(Config)]
/// struct Settings {
///     port: u16,
/// }
///
/// assert_eq!(Settings::from_source(&OnlyPort)?.port, 8080);
/// # Ok::<(), groundcrew_envcfg::Report>(())
/// ```
pub trait EnvSource {
    /// The value of the variable `name`, if the source has it. An empty text counts as unset.
    fn lookup(&self, name: &str) -> Option<Value>;

    /// The names of all variables the source has. Used to say which set name resembles a missing one;
    /// never called by a load that succeeds.
    fn names(&self) -> Vec<String>;

    /// What is wrong with the source itself, such as lines of a file that cannot be read. A load reports
    /// these before the problems of the fields.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// What works today but should be changed.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

impl<S: EnvSource + ?Sized> EnvSource for &S {
    fn lookup(&self, name: &str) -> Option<Value> {
        (**self).lookup(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn problems(&self) -> Vec<Problem> {
        (**self).problems()
    }

    fn warnings(&self) -> Vec<Warning> {
        (**self).warnings()
    }
}

impl<S: EnvSource + ?Sized> EnvSource for Box<S> {
    fn lookup(&self, name: &str) -> Option<Value> {
        (**self).lookup(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn problems(&self) -> Vec<Problem> {
        (**self).problems()
    }

    fn warnings(&self) -> Vec<Warning> {
        (**self).warnings()
    }
}

/// The text of one variable and where it came from.
///
/// The text may hold a secret: `Debug` shows its length only.
#[derive(Clone)]
pub struct Value {
    text: OsString,
    origin: Origin,
}

impl Value {
    /// A value with its origin.
    pub fn new(text: impl Into<OsString>, origin: Origin) -> Self {
        Self {
            text: text.into(),
            origin,
        }
    }

    /// Whether the text is empty, which a load takes as unset.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where the value came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The text, which need not be Unicode, and the origin.
    #[must_use]
    pub fn into_parts(self) -> (OsString, Origin) {
        (self.text, self.origin)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value")
            .field("bytes", &self.text.len())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
