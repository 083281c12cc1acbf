//! How long campaigns are, and what repeats one.

use std::{env, ffi::OsString};

use proptest::test_runner::{Config, RngSeed};

/// So many rounds with `cargo xtask test --long`, and so few in every other run.
pub(crate) fn rounds<T>(long: T, short: T) -> T {
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    if is_long { long } else { short }
}

/// The seed of a campaign: its own, or what `TEST_SEED` says. Printed, so that a failure tells it.
pub(crate) fn seed(campaign: &str, own: u64) -> u64 {
    let set = env::var_os("TEST_SEED");
    let number = |set: OsString| set.to_str().and_then(|seed| seed.parse().ok());
    let seed = set.map_or(own, |set| number(set).expect("TEST_SEED is a number"));
    eprintln!("{campaign}: seed {seed}, TEST_SEED sets another one");
    seed
}

/// The same for properties.
pub(crate) fn cases(campaign: &str, own: u64, long: u32, short: u32) -> Config {
    Config {
        cases: rounds(long, short),
        rng_seed: RngSeed::Fixed(seed(campaign, own)),
        ..Config::default()
    }
}
