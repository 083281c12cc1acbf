use std::{ffi::OsString, path::PathBuf, sync::Arc};

use crate::{Glance, NameFilter, Origin, Problem, Warning};

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

    /// The files and directories that the source is read from, also those that do not exist yet: a change of one
    /// is a reason to load again. Never asked by a load.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// [`Self::lookup`] without what only a report needs to know.
    #[doc(hidden)]
    fn glance(&self, name: &str) -> Glance<'_> {
        Glance::of(self.lookup(name))
    }

    /// The source as it is now, if it stays so during a load, or if one look at all of it is cheaper than one at each
    /// of the names. A load remembers what any other source says.
    #[doc(hidden)]
    fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        let _ = names;
        None
    }
}

/// What points to a source is one too.
macro_rules! sources {
    ($($pointer:ty),*) => {$(
        impl<S: EnvSource + ?Sized> EnvSource for $pointer {
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

            fn files(&self) -> Vec<PathBuf> {
                (**self).files()
            }

            fn glance(&self, name: &str) -> Glance<'_> {
                (**self).glance(name)
            }

            fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
                (**self).at_once(names)
            }
        }
    )*};
}

sources!(&S, Box<S>, Arc<S>);

/// The text of one variable and where it came from.
///
/// The text may hold a secret: `Debug` shows its length only.
#[derive(Clone)]
pub struct Value {
    text: OsString,
    origin: Origin,
    /// Its place in each of the sources that lie in one another, the outermost in the highest bits.
    layer: u64,
    is_set_if_empty: bool,
    unreadable: Option<Box<str>>,
}

impl Value {
    /// A value with its origin.
    pub fn new(text: impl Into<OsString>, origin: Origin) -> Self {
        Self {
            text: text.into(),
            origin,
            layer: 0,
            is_set_if_empty: false,
            unreadable: None,
        }
    }

    /// A value that is there but cannot be had, such as a file without the permission to read it: a problem of the
    /// field that looks it up. The reason must not hold a secret.
    pub fn unreadable(reason: impl Into<String>, origin: Origin) -> Self {
        Self {
            unreadable: Some(reason.into().into_boxed_str()),
            ..Self::new(OsString::new(), origin)
        }
    }

    /// The same value, which counts as set even if its text is empty.
    #[must_use]
    pub const fn even_if_empty(mut self) -> Self {
        self.is_set_if_empty = true;
        self
    }

    /// Says in which of several sources the value was found, on top of which of several files in it.
    #[must_use]
    pub(crate) const fn in_layer(mut self, number: u32) -> Self {
        let number = if number > MOST_LAYERS { MOST_LAYERS } else { number };
        self.layer = ((number as u64) << SHIFT) | (self.layer >> LAYER_BITS);
        self
    }

    /// A value with a smaller number is from a source above.
    pub(crate) const fn layer(&self) -> u64 {
        self.layer
    }

    /// Why the value cannot be had, if it cannot.
    #[must_use]
    pub fn unreadable_reason(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// Whether a load takes the value as unset: the text is empty, and nobody said that this is a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.is_set_if_empty && self.unreadable.is_none()
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

/// Room for more sources than anybody puts above one another, and for eight that lie in one another.
const LAYER_BITS: u32 = 8;

const MOST_LAYERS: u32 = (1 << LAYER_BITS) - 1;

const SHIFT: u32 = u64::BITS - LAYER_BITS;
