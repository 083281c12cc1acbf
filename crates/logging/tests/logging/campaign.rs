//! How long campaigns are, and what repeats one.

use std::{env, ffi::OsString};

use proptest::test_runner::{Config, RngSeed};

/// So many rounds with `cargo xtask test --long`, and so few in every other run.
pub(crate) fn rounds<T>(long: T, short: T) -> T {
    if is_long() { long } else { short }
}

fn is_long() -> bool {
    env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long")
}

/// The seed of a campaign: a new one for each long run, its own for every other, or what `TEST_SEED` says. Printed, so
/// that a failure tells it.
pub(crate) fn seed(campaign: &str, own: u64) -> u64 {
    let number = |set: OsString| set.to_str().and_then(|seed| seed.parse().ok());
    let seed = match env::var_os("TEST_SEED") {
        Some(set) => number(set).expect("TEST_SEED is a number"),
        None if is_long() => fastrand::u64(..),
        None => own,
    };
    eprintln!("{campaign}: seed {seed}; TEST_SEED={seed} repeats it");
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
