use std::any::{Any, TypeId, type_name};

use super::{ServiceCheck, gathering::Gathering, pass::Pass};
use crate::{Config, FieldSpec, Tree, finish::Read, part::Part};

/// A service whose check waits for its configuration.
pub(super) struct Planned {
    pub(super) name: String,
    /// The type of the part that the check is built from.
    pub(super) of: TypeId,
    pub(super) type_name: &'static str,
    /// The only place that is meant, if the whole has several such parts.
    pub(super) at: Option<String>,
    pub(super) fields: Fields,
    /// Loads the part if the whole does not have it.
    pub(super) alone: Alone,
    tree: &'static [Tree],
    build: Build,
}

/// Describes a part by itself.
pub(super) type Fields = fn() -> Vec<FieldSpec>;

/// Loads a part by itself.
pub(super) type Alone = fn(Read<'_>, Box<Gathering>) -> (Pass, Box<Gathering>);

type Build = Box<dyn FnMut(&dyn Any) -> Option<ServiceCheck> + Send>;

impl Planned {
    pub(super) fn new<P: Config, S: Into<ServiceCheck>>(
        name: String,
        at: Option<String>,
        mut build: impl FnMut(&P) -> Option<S> + Send + 'static,
    ) -> Self {
        Self {
            name,
            of: TypeId::of::<P>(),
            type_name: type_name::<P>(),
            at,
            fields: P::fields,
            alone: Pass::alone::<P>,
            tree: P::TREE,
            build: Box::new(move |part| build(part.downcast_ref()?).map(Into::into)),
        }
    }

    pub(super) fn is_about(&self, part: &Part<'_>) -> bool {
        self.of == part.of && self.at.as_ref().is_none_or(|at| at == part.path)
    }

    /// Whether the value of the part depends on the profile.
    pub(super) fn has_profile_defaults(&self) -> bool {
        has_profile_defaults(self.tree)
    }

    /// The check of the part with this value under this prefix; none if the service is not to be asked.
    pub(super) fn check(&mut self, value: &dyn Any, prefix: &str) -> Option<ServiceCheck> {
        let mut check = (self.build)(value)?;
        if let Some(field) = check.field.take() {
            let spec = (self.fields)().into_iter().find(|spec| spec.path == field);
            let variable = spec.map_or_else(|| field.into_owned(), |spec| format!("{prefix}{}", spec.name));
            check.variable = Some(variable.into());
        }
        Some(check)
    }
}

fn has_profile_defaults(tree: &[Tree]) -> bool {
    tree.iter().any(|entry| match entry {
        Tree::Field(field) => !field.profile_defaults.is_empty(),
        Tree::Nested(_, below) | Tree::Given(_, below) => has_profile_defaults(below),
    })
}
