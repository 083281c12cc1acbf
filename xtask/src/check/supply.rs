use std::process::Command;

use super::{
    Mode,
    budget::{FLAT, parse},
};
use crate::{Error, cargo, ledger::Outcome, metadata::Metadata, process, setup};

/// One TLS provider and one HTTP stack: the crates that would bring a second are nowhere in the normal graph.
pub(super) fn banned(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo::cargo("tree");
    command.args(["--workspace", "--all-features"]).args(FLAT);
    let stdout = process::stdout(&mut command)?;
    let present = parse(&String::from_utf8_lossy(&stdout));
    let banned = present.iter().filter(|(name, version)| is_banned(name, version));
    let problems: Vec<_> = banned
        .map(|(name, version)| format!("{name} {version} is in the graph"))
        .collect();
    Ok(Outcome::of(&problems))
}

fn is_banned(name: &str, version: &str) -> bool {
    BANNED
        .iter()
        .any(|(banned, line)| *banned == name && version.starts_with(line))
}

/// Licences, bans and sources of deny.toml.
pub(super) fn deny(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    process::run(cargo_deny()?.args(["check", "bans", "licenses", "sources"])).map(|()| Outcome::Passed)
}

/// Published advisories, where their database can be reached.
pub(super) fn advisories(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let fetched = process::output(cargo_deny()?.args(["fetch", "db"]))?;
    if !fetched.status.success() {
        println!("  NOT RUN: advisories, their database cannot be reached from this machine");
        return Ok(Outcome::NotRun(
            "the advisory database cannot be reached".to_owned(),
        ));
    }
    process::run(cargo_deny()?.args(["check", "--disable-fetch", "advisories"])).map(|()| Outcome::Passed)
}

fn cargo_deny() -> Result<Command, Error> {
    let mut command = Command::new(setup::program("cargo-deny")?);
    cargo::forget_own_package(&mut command);
    command.current_dir(cargo::root()).arg("--all-features");
    Ok(command)
}

/// Names and the beginnings of versions.
const BANNED: [(&str, &str); 4] = [
    ("ring", ""),
    ("rustls", "0.21."),
    ("hyper", "0.14."),
    ("openssl-sys", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_banned_and_present_ones_are_not() {
        assert!(is_banned("rustls", "0.21.12"));
        assert!(!is_banned("rustls", "0.23.46"));
        assert!(is_banned("ring", "0.17.14"));
        assert!(!is_banned("string", "0.17.14"));
    }
}
