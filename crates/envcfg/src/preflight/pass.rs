use std::borrow::Cow;

use super::gathering::Gathering;
use crate::{Config, Loaded, Loader, Origin, Problem, Warning, consequence, finish::Read, order};

/// What one load says, beside the configuration that it gives.
#[derive(Default)]
pub(super) struct Pass {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
    /// Which defaults hold is not known then.
    pub(super) profile_is_wrong: bool,
    origins: Vec<(Cow<'static, str>, Origin)>,
}

impl Pass {
    /// Loads the whole, with what is wrong with the source itself, and gathers from every part of it.
    pub(super) fn whole<C: Config>(
        (source, files): Read<'_>,
        gathering: Box<Gathering>,
    ) -> (Option<C>, Self, Box<Gathering>) {
        let mut loader = Loader::new::<C>(source, files, true);
        let mark = loader.mark();
        let (config, gathering) = gathering.during(&mut loader, |loader| {
            let config = C::load_with(loader, None);
            loader.offer(config.as_ref(), mark);
            config
        });
        let config = config.filter(|_| loader.problems.is_empty());
        (config, Self::sorted::<C>(loader), gathering)
    }

    /// Loads a part that the whole does not have. What is nested in it is not gathered from: a service that asks for
    /// that gets it loaded by itself too.
    pub(super) fn alone<P: Config>(
        (source, files): Read<'_>,
        gathering: Box<Gathering>,
    ) -> (Self, Box<Gathering>) {
        let mut loader = Loader::new::<P>(source, files, true);
        let (mark, warnings) = (loader.mark(), loader.warnings.len());
        let part = P::load_with(&mut loader, None);
        let ((), gathering) = gathering.during(&mut loader, |loader| loader.offer(part.as_ref(), mark));
        // The load of the whole has told these.
        loader.problems.drain(..mark);
        loader.warnings.drain(..warnings);
        (Self::sorted::<P>(loader), gathering)
    }

    /// Where the value of `variable` came from; nothing if it was not set.
    pub(super) fn origin(&self, variable: &str) -> Option<&Origin> {
        let mut origins = self.origins.iter();
        origins
            .find(|(name, _)| name == variable)
            .map(|(_, origin)| origin)
    }

    /// Adds what another load says, but not a problem twice that both have.
    pub(super) fn join(&mut self, other: Self) {
        for problem in other.problems {
            if !self.problems.iter().any(|known| known.is_same(&problem)) {
                self.problems.push(problem);
            }
        }
        for warning in other.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.origins.extend(other.origins);
    }

    pub(super) fn into_loaded<C>(self, config: C) -> Loaded<C> {
        Loaded {
            config,
            warnings: self.warnings,
            origins: self.origins,
        }
    }

    fn sorted<C: Config>(loader: Loader<'_>) -> Self {
        let Loader {
            mut problems,
            warnings,
            profile_is_wrong,
            origins,
            ..
        } = loader;
        if !problems.is_empty() {
            consequence::take_out(&mut problems, profile_is_wrong);
            order::sort(&mut problems, &C::fields());
        }
        Self {
            problems,
            warnings,
            profile_is_wrong,
            origins,
        }
    }
}
