//! Development tasks: `cargo xtask setup|test|check|bench|demo`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the terminal"
)]

use std::{error::Error as StdError, process::ExitCode};

use clap::{Parser, Subcommand};

mod bench;
mod cargo;
mod check;
mod demo;
mod error;
mod ledger;
mod metadata;
mod process;
mod setup;
mod test;

use error::Error;

/// Development tasks of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, disable_version_flag = true)]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the tests, checks and benchmarks need and this machine lacks.
    Setup(setup::Setup),
    /// Run every test on real servers.
    Test(test::Test),
    /// Run every static check.
    Check(check::Check),
    /// Compare every crate with its rivals.
    Bench(bench::Bench),
    /// Start the reference service.
    Demo(demo::Demo),
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse().task {
        Task::Setup(setup) => setup.run(),
        Task::Test(test) => test.run(),
        Task::Check(check) => check.run(),
        Task::Bench(bench) => bench.run(),
        Task::Demo(demo) => demo.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  caused by: {inner}");
        cause = inner.source();
    }
}
