#![doc = include_str!("../README.md")]

mod args;
mod backup;
mod exit;
mod failure;
mod output;
mod probe;
mod settings;
mod shapes;
mod signals;
mod table;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

use crate::{
    args::{Args, Command},
    failure::Failure,
    output::Output,
};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(answer) => {
            // Help that nobody reads any more is no failure.
            drop(answer.print());
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    match dispatch(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            drop(writeln!(std::io::stderr(), "groundcrew: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(args: Args) -> Result<(), Failure> {
    let output = Output::new(args.json);
    match args.command {
        Command::Probe { url, timeout } => probe::probe(&url, timeout, output),
        Command::Backup { command } => backup::backup(command, output),
    }
}
