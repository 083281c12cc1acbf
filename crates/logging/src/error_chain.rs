use std::{error::Error as StdError, iter};

/// The sources of an error, the nearest first; a chain may be endless, so it is cut.
pub(crate) fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(error.source(), |&source| source.source()).take(LONGEST)
}

const LONGEST: usize = 16;
