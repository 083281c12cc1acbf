use std::process::Command;

use super::Mode;
use crate::{Error, bench, cargo, ledger::Outcome, metadata::Metadata, process};

/// rustfmt over both workspaces.
pub(super) fn format(_: &Metadata, mode: Mode) -> Result<Outcome, Error> {
    for manifest in [cargo::root().join("Cargo.toml"), bench::manifest()] {
        let mut command = cargo::cargo("fmt");
        command.arg("--all").arg("--manifest-path").arg(manifest);
        if mode == Mode::Tell {
            command.arg("--check");
        }
        process::run(&mut command)?;
    }
    Ok(Outcome::Passed)
}

/// Clippy over every target with all features.
pub(super) fn clippy(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo::cargo("clippy");
    deny_warnings(command.args(["--workspace", "--all-targets", "--all-features"]))
}

/// Clippy over the workspace of the benchmarks.
pub(super) fn clippy_benches(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo::cargo("clippy");
    command
        .args(["--workspace", "--all-targets", "--manifest-path"])
        .arg(bench::manifest())
        .arg("--target-dir")
        .arg(bench::target());
    deny_warnings(&mut command)
}

/// Clippy over what tokio tells only when it is built with this, in a directory of its own: the flag is part of every fingerprint.
pub(super) fn clippy_tokio_unstable(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo::cargo("clippy");
    command
        .args([
            "--package",
            "groundcrew-metrics",
            "--no-default-features",
            "--features",
            "tokio",
        ])
        .arg("--target-dir")
        .arg(cargo::target().join("tokio-unstable"))
        .env("RUSTFLAGS", "--cfg tokio_unstable");
    deny_warnings(&mut command)
}

/// The documentation of every crate, without that of its dependencies.
pub(super) fn rustdoc(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut command = cargo::cargo("doc");
    command
        .args(["--workspace", "--no-deps", "--all-features", "--keep-going"])
        .env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command).map(|()| Outcome::Passed)
}

fn deny_warnings(clippy: &mut Command) -> Result<Outcome, Error> {
    process::run(clippy.args(["--keep-going", "--", "--deny", "warnings"])).map(|()| Outcome::Passed)
}
