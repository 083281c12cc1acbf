use std::collections::BTreeSet;

use super::Mode;
use crate::{
    Error, cargo,
    ledger::Outcome,
    metadata::{BRAND, Metadata},
    process,
};

/// Every crate stays within its number of third-party dependencies with no default features.
pub(super) fn check(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut problems = Vec::new();
    println!("  {:<12} {:>5} {:>6}", "crate", "count", "budget");
    for (short, budget) in BUDGETS {
        let name = format!("{BRAND}-{short}");
        let tree = tree(&name, &["--no-default-features"])?;
        let count = tree.iter().filter(|(name, _)| !name.starts_with(BRAND)).count();
        println!("  {short:<12} {count:>5} {budget:>6}");
        if count > budget {
            problems.push(format!(
                "{short} has {count} dependencies, {} more than its budget",
                count - budget
            ));
        }
    }
    Ok(Outcome::of(&problems))
}

/// The packages, by name and version, that `package` builds with: itself, what is linked into it. Build dependencies run on
/// the machine that builds and are not shipped.
pub(super) fn tree(package: &str, features: &[&str]) -> Result<BTreeSet<(String, String)>, Error> {
    let mut command = cargo::cargo("tree");
    command.args(["--package", package]).args(features).args(FLAT);
    let stdout = process::stdout(&mut command)?;
    Ok(parse(&String::from_utf8_lossy(&stdout)))
}

/// Reads `cargo tree`'s lines, such as `syn v2.0.1 (*)`.
fn parse(text: &str) -> BTreeSet<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?.to_owned();
            let version = words.next()?.strip_prefix('v')?.to_owned();
            Some((name, version))
        })
        .collect()
}

/// One package a line, without the tree.
const FLAT: [&str; 6] = ["--edges", "normal", "--prefix", "none", "--format", "{p}"];

const BUDGETS: [(&str, usize); 9] = [
    ("base", 12),
    ("envcfg", 24),
    ("metrics", 30),
    ("health", 35),
    ("lifecycle", 30),
    ("logging", 45),
    ("cache", 110),
    ("dbopt", 95),
    ("backup", 110),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_for_each_version() {
        let text = "\
groundcrew-base v0.1.0 (/w/crates/base)
syn v2.0.1
serde v1.0.0
syn v2.0.1 (*)
syn v1.0.9
async-trait v0.1.9 (proc-macro)

";

        let tree = parse(text);

        assert_eq!(tree.len(), 5);
        assert!(tree.contains(&("async-trait".to_owned(), "0.1.9".to_owned())));
    }
}
