use std::time::Instant;

use super::Mode;
use crate::{
    Error, cargo,
    ledger::Outcome,
    metadata::{BRAND, Metadata, Package},
    process,
};

/// Every crate that is published alone, without its siblings' features: none, the default ones, each, all; and its tests with none
/// and with the default ones.
pub(super) fn check(metadata: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut problems = Vec::new();
    for package in metadata
        .packages
        .iter()
        .filter(|package| package.name.starts_with(BRAND) && package.name != "groundcrew-testkit")
    {
        for combination in combinations(package) {
            if !combination.holds(package)? {
                problems.push(format!("{} {}", package.name, combination.label));
            }
        }
    }
    Ok(Outcome::of(&problems))
}

/// A way to build a package.
#[derive(Debug, PartialEq, Eq)]
struct Combination {
    label: String,
    arguments: Vec<String>,
}

impl Combination {
    fn new(label: impl Into<String>, arguments: &[&str]) -> Self {
        Self {
            label: label.into(),
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    fn holds(&self, package: &Package) -> Result<bool, Error> {
        let start = Instant::now();
        // Without `--no-deps`: what was built as a dependency counts as fresh and would never be linted.
        let mut command = cargo::cargo("clippy");
        command
            .args(["--quiet", "--package", &package.name])
            .args(&self.arguments)
            .args(["--", "--deny", "warnings"]);
        let holds = process::status(&mut command)?.success();
        let mark = if holds { "" } else { "  FAILED" };
        println!(
            "  {:<22} {:<24} {:>6.1} s{mark}",
            package.name,
            self.label,
            start.elapsed().as_secs_f64()
        );
        Ok(holds)
    }
}

fn combinations(package: &Package) -> Vec<Combination> {
    let has_default = package
        .features
        .get("default")
        .is_some_and(|features| !features.is_empty());
    let named: Vec<&str> = package
        .features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default")
        .collect();

    let mut combinations = vec![Combination::new("none", &[NONE])];
    if has_default {
        combinations.push(Combination::new("default", &[]));
    }
    for name in &named {
        let is_default = has_default && package.features["default"] == [(*name).to_owned()];
        // One feature is the same as all of one, and a default of one was tried already.
        if !is_default {
            combinations.push(Combination::new(
                format!("only {name}"),
                &[NONE, "--features", name],
            ));
        }
    }
    if named.len() > 1 {
        combinations.push(Combination::new("all", &["--all-features"]));
    }
    combinations.push(Combination::new("tests, none", &["--tests", NONE]));
    if has_default {
        combinations.push(Combination::new("tests, default", &["--tests"]));
    }
    combinations
}

const NONE: &str = "--no-default-features";

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(features: &str) -> Vec<String> {
        let json = format!(
            r#"{{"id":"x","name":"x","version":"0.1.0","manifest_path":"/w/Cargo.toml","features":{features}}}"#
        );
        let package = serde_json::from_str(&json).unwrap();
        combinations(&package)
            .into_iter()
            .map(|combination| combination.label)
            .collect()
    }

    #[test]
    fn every_feature_is_tried_alone_and_nothing_twice() {
        assert_eq!(labels("{}"), ["none", "tests, none"]);
        assert_eq!(
            labels(r#"{"default":[],"s3":[]}"#),
            ["none", "only s3", "tests, none"]
        );
        assert_eq!(
            labels(r#"{"default":["redis"],"envcfg":[],"redis":[]}"#),
            [
                "none",
                "default",
                "only envcfg",
                "all",
                "tests, none",
                "tests, default"
            ],
        );
    }
}
