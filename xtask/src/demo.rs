use std::{os::unix::process::CommandExt as _, process::Command};

use clap::Args;

use crate::{Error, cargo, process};

/// Starts the reference service.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Error> {
        let Self {} = self;
        println!("building the reference service: the first time takes some minutes");
        process::run(cargo::cargo("build").args(SELECTION))?;
        println!("starting it: Ctrl-C stops it");
        let mut service = Command::new(cargo::target().join("debug/examples/service"));
        service.current_dir(cargo::root());
        // Takes this process's place, so that Ctrl-C and the exit code are the service's own.
        let source = service.exec();
        Err(process::start(&service, source))
    }
}

/// The features are those of the tests, so that no dependency is built in two shapes.
const SELECTION: [&str; 4] = ["--workspace", "--all-features", "--example", "service"];
