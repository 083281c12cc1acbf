use std::{path::PathBuf, process::Command, time::Duration};

use super::{
    Campaign, Run,
    build::{Build, LIBRARY_PATH},
    watch::watch,
};
use crate::{Error, cargo, metadata::Target};

/// A test program.
#[derive(Debug)]
pub(super) struct Executable {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) directory: PathBuf,
    pub(super) target: Target,
    pub(super) path: PathBuf,
}

impl Executable {
    pub(super) fn label(&self) -> String {
        let kind = self.target.kind.first().map_or("", String::as_str);
        format!("{} {kind} {}", self.package, self.target.name)
    }

    /// Runs the program as `cargo test` would: in the directory of its package, told about it by variables.
    pub(super) fn run(&self, build: &Build, campaign: Campaign) -> Result<Run, Error> {
        let mut command = Command::new(&self.path);
        cargo::forget_own_package(&mut command);
        command
            .current_dir(&self.directory)
            .env("CARGO", cargo::program())
            .env("CARGO_MANIFEST_DIR", &self.directory)
            .env("CARGO_PKG_NAME", &self.package)
            .env("CARGO_PKG_VERSION", &self.version)
            .env("CARGO_TARGET_DIR", cargo::target())
            .env(LIBRARY_PATH, &build.library_path)
            .env(Campaign::VARIABLE, campaign.value());
        watch(&mut command, &self.label(), HANG)
    }
}

/// How long one test program may run.
const HANG: Duration = Duration::from_secs(1200);
