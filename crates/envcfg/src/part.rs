use std::any::{Any, TypeId};

use crate::{Config, Describe, Loader};

/// A part of a configuration as the load of the whole made it; the whole is a part of itself.
#[derive(Clone, Copy)]
pub(crate) struct Part<'p> {
    pub(crate) of: TypeId,
    pub(crate) prefix: &'p str,
    /// The fields it is nested in; empty for the whole.
    pub(crate) path: &'p str,
    /// Absent if something in it is wrong.
    pub(crate) value: Option<&'p dyn Any>,
}

impl Loader<'_> {
    /// Shows whoever watches what was loaded under the prefix and the path of now, since `mark`.
    pub(crate) fn offer<T: 'static>(&mut self, value: Option<&T>, mark: usize) {
        let value = value.filter(|_| self.is_clean(mark));
        if let Some(watch) = &mut self.watch {
            watch.see(&Part {
                of: TypeId::of::<T>(),
                prefix: &self.prefix,
                path: self.path.trim_end_matches('.'),
                value: value.map(|value| value as &dyn Any),
            });
        }
    }
}

/// Where a part stands, whether or not a load finds it there.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) of: TypeId,
    /// As in [`Part`].
    pub(crate) path: String,
}

impl Place {
    pub(crate) fn of<C: Config>(path: &str) -> Self {
        Self {
            of: TypeId::of::<C>(),
            path: path.to_owned(),
        }
    }

    /// The whole `C` and everything that is nested in it, in the order of declaration.
    pub(crate) fn all<C: Config>() -> Vec<Self> {
        let mut describe = Describe::default();
        C::describe(&mut describe, None);
        let mut places = vec![Self::of::<C>("")];
        places.append(&mut describe.places);
        places
    }
}
