use std::{
    fmt, iter,
    sync::{Arc, OnceLock},
};

use super::{
    bundles::{Bundle, Bundles},
    outcome::Asked,
};
use crate::RegisterError;

/// Path patterns that are known before a request is routed.
pub(super) struct Paths(matchit::Router<Path>);

struct Path {
    pattern: Box<str>,
    /// One for each [`Asked`].
    bundles: Box<[OnceLock<Arc<Bundle>>]>,
}

impl Paths {
    pub(super) fn new(patterns: &[String]) -> Result<Self, RegisterError> {
        let mut paths = matchit::Router::new();
        for pattern in patterns {
            let path = Path {
                pattern: pattern.as_str().into(),
                bundles: iter::repeat_with(OnceLock::new).take(Asked::COUNT).collect(),
            };
            let added = paths.insert(pattern.as_str(), path);
            added.map_err(|_| RegisterError::InvalidRoute {
                route: pattern.clone(),
            })?;
        }
        Ok(Self(paths))
    }

    /// The bundle of the pattern that this path matches.
    pub(super) fn find(&self, bundles: &Bundles, asked: Asked, path: &str) -> Option<Arc<Bundle>> {
        let path = self.0.at(path).ok()?.value;
        let bundle = path.bundles.get(asked.index())?;
        let bundle = bundle.get_or_init(|| bundles.find(asked, &path.pattern));
        Some(Arc::clone(bundle))
    }
}

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paths").finish_non_exhaustive()
    }
}
