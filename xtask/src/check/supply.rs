use std::process::Command;

use super::Mode;
use crate::{Error, cargo, ledger::Outcome, metadata::Metadata, process, setup};

/// Licences, bans and sources of deny.toml; crates in two versions are no more than a warning there.
pub(super) fn deny(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo_deny()?;
    command.args(["--log-level=error", "check", "bans", "licenses", "sources"]);
    process::run(&mut command).map(|()| Outcome::Passed)
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
