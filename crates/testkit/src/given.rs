use std::env;

/// What the caller's environment says about `variable`; an empty value counts as absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    // The environment is envcfg's business in a service; testkit depends on no sibling and takes a few
    // variables of the test run, so it reads them here and nowhere else.
    env::var_os(name)
        .and_then(|value| value.into_string().ok())
        .filter(|value| !value.is_empty())
}
