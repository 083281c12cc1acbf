use std::env;

use crate::{EnvSource, Origin, Value};
#[cfg(target_os = "linux")]
use crate::{NameFilter, snapshot::Snapshot};

/// The environment of this process, which is never written.
///
/// A load goes through it once, at its start, and takes a copy of what it needs (on Linux; elsewhere it asks for one
/// variable after the other). As with everything that reads the environment, no other thread may change it meanwhile:
/// that is what [`std::env::set_var`] asks of its caller.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{EnvSource, ProcessEnv};
///
/// assert!(ProcessEnv.lookup("SURELY_NOT_SET_ANYWHERE").is_none());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct ProcessEnv;

impl EnvSource for ProcessEnv {
    fn lookup(&self, name: &str) -> Option<Value> {
        env::var_os(name).map(|text| Value::new(text, Origin::Environment))
    }

    #[cfg(target_os = "linux")]
    fn at_once<'s>(&'s self, names: &'s NameFilter) -> Option<Box<dyn EnvSource + 's>> {
        Some(Box::new(Snapshot::take(names)))
    }

    fn names(&self) -> Vec<String> {
        env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}
