use std::os::unix::process::CommandExt as _;

use clap::Args;

use crate::{Error, cargo, process};

/// Starts the reference service.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Error> {
        let Self {} = self;
        println!(
            "cargo run --example service   (the first build takes some minutes; Ctrl-C stops the service)"
        );
        let mut command = cargo::cargo("run");
        command.args(["--package", "examples", "--example", "service"]);
        // Takes this process's place, so that Ctrl-C and the exit code are the service's own.
        let source = command.exec();
        Err(process::start(&command, source))
    }
}
