use std::env;

use crate::{EnvSource, Origin, Value};

/// The environment of this process, read when a variable is looked up and never written.
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

    fn names(&self) -> Vec<String> {
        env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}
