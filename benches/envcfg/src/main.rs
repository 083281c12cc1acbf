//! groundcrew-envcfg against hand-written code and against the crates that a service would use instead.
//!
//! Every candidate loads the same 45 fields from the process environment. Everything but the cost of compiling is
//! measured in processes whose whole environment is given: [`environment`].

mod by_conf;
mod by_confique;
mod by_envconfig;
mod by_serde;
mod choices;
mod compile;
mod environment;
mod hand;
mod hand_with_rules;
mod ours;
mod rivals;

use std::{fmt::Debug, process::ExitCode};

use groundcrew_envcfg::Config as _;
use harness::{Comparison, Suite};

fn main() -> ExitCode {
    let mut suite = Suite::new();
    handwritten(&mut suite);
    with_rules(&mut suite);
    without_rules(&mut suite);
    figment(&mut suite);
    report(&mut suite);
    suite.slow_rows("compile", compile::rows);
    suite.run()
}

fn handwritten(suite: &mut Suite) {
    let rival = "hand-written, without rules";
    beside(suite, "handwritten", Size::Small, rival, rivals::handwritten)
        .instructions_at_least(1.0 / 1.5)
        .allocations()
        .wall();
    beside(suite, "handwritten", Size::Large, rival, rivals::handwritten)
        .instructions_at_least(1.0 / 1.3)
        .wall();
}

/// The rivals that check the rules too.
fn with_rules(suite: &mut Suite) {
    let rival = "hand-written, same rules, files for secrets";
    for size in [Size::Small, Size::Large] {
        let load = rivals::handwritten_with_rules;
        informed(beside(suite, "handwritten_rules", size, rival, load), size);
    }
    let rival = "envy, validator's derive";
    beside(
        suite,
        "envy_validator",
        Size::Small,
        rival,
        rivals::envy_and_validator,
    )
    .instructions_at_least(2.3)
    .allocations()
    .wall();
    beside(
        suite,
        "envy_validator",
        Size::Large,
        rival,
        rivals::envy_and_validator,
    )
    .instructions();
}

/// The rivals that check nothing: they do less than ours.
fn without_rules(suite: &mut Suite) {
    let rival = "conf, without rules";
    beside(suite, "conf", Size::Small, rival, rivals::conf)
        .instructions_at_least(8.0)
        .allocations()
        .wall();
    beside(suite, "conf", Size::Large, rival, rivals::conf).instructions();
    for size in [Size::Small, Size::Large] {
        let confique = beside(
            suite,
            "confique",
            size,
            "confique, without rules",
            rivals::confique,
        );
        informed(confique, size);
        let config = beside(suite, "config", size, "config, without rules", rivals::config);
        informed(config, size);
        let envconfig = beside(
            suite,
            "envconfig",
            size,
            "envconfig, without rules",
            rivals::envconfig,
        );
        informed(envconfig, size);
    }
}

fn figment(suite: &mut Suite) {
    let raw = "figment `Env::raw()`, without rules";
    beside(suite, "figment_raw", Size::Small, raw, rivals::figment_raw)
        .iterations_at_most(50)
        .instructions_at_least(60.0)
        .allocations()
        .wall();
    // Its time grows with the square of the number of variables.
    beside(suite, "figment_raw", Size::Large, raw, rivals::figment_raw)
        .iterations_at_most(3)
        .instructions();
    let only = "figment `Env::raw().only(...)`, without rules";
    for size in [Size::Small, Size::Large] {
        let comparison = beside(suite, "figment_only", size, only, rivals::figment_only);
        informed(comparison.iterations_at_most(50), size);
    }
}

/// What a start with six mistakes takes, to the last character of the report.
fn report(suite: &mut Suite) {
    for size in [Size::Small, Size::Large] {
        let ours = || {
            ours::Settings::from_env()
                .expect_err("there are mistakes")
                .to_string()
        };
        let conf = || rivals::conf().expect_err("there are mistakes").to_string();
        let (name, variables) = size.named("report_vs_conf");
        let comparison = suite
            .compare(&name, ours, "conf, 6 mistakes", conf)
            .environment(environment::mistaken(variables))
            .check(move || {
                for name in environment::mistakes() {
                    assert!(ours().contains(name), "ours misses {name}: {}", ours());
                    assert!(conf().contains(name), "conf misses {name}: {}", conf());
                }
            });
        informed(comparison.iterations_at_most(100), size);
    }
}

/// Ours beside a rival in an environment of one size, once both are found to load the same values.
fn beside<'s, T, E>(
    suite: &'s mut Suite,
    name: &str,
    size: Size,
    rival_is: &str,
    rival: fn() -> Result<T, E>,
) -> &'s mut Comparison
where
    T: Debug + 'static,
    E: Debug + 'static,
{
    let ours = || ours::Settings::from_env().expect("the environment is right");
    let rival = move || rival().expect("the environment is right");
    let (name, variables) = size.named(&format!("load_vs_{name}"));
    suite
        .compare(&name, ours, rival_is, rival)
        .environment(variables)
        .iterations_at_most(100)
        // Every candidate's struct has the same name and fields.
        .check(move || assert_eq!(format!("{:#?}", ours()), format!("{:#?}", rival())))
}

fn informed(comparison: &mut Comparison, size: Size) {
    comparison.instructions();
    if size == Size::Small {
        comparison.allocations().wall();
    }
}

/// How many variables the environment has: 90 or 605.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

impl Size {
    /// What a comparison is called at this size, and its environment.
    fn named(self, name: &str) -> (String, Vec<(String, String)>) {
        match self {
            Self::Small => (name.to_owned(), environment::small()),
            Self::Large => (format!("{name}_605"), environment::large()),
        }
    }
}
