use std::{fs, path::PathBuf};

use clap::Args;

use crate::{
    Error, cargo,
    metadata::{Metadata, Package},
    process, setup,
};

/// Runs the comparisons of `benches/`, prints them and writes `target/bench/<crate>.json`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Compare only this crate.
    name: Option<String>,
    /// Fewer rounds: good enough to see that everything runs, not to publish.
    #[arg(long)]
    quick: bool,
}

impl Bench {
    pub(crate) fn run(self) -> Result<(), Error> {
        setup::ensure(setup::Group::Bench)?;
        let packages = self.packages()?;
        let mut failed = 0;
        for package in &packages {
            build(package)?;
        }
        for package in &packages {
            failed += usize::from(!self.compare(package)?);
        }
        match failed {
            0 => Ok(()),
            count => Err(Error::Failures {
                count,
                what: "packages with a bar that does not hold",
            }),
        }
    }

    fn packages(&self) -> Result<Vec<Package>, Error> {
        let mut packages = Metadata::of(&manifest())?.packages;
        packages.retain(|package| {
            let subject = package.name.strip_prefix(PREFIX);
            subject.is_some_and(|subject| self.name.as_deref().is_none_or(|name| name == subject))
        });
        match &self.name {
            Some(name) if packages.is_empty() => Err(Error::UnknownPackage {
                name: format!("{PREFIX}{name}"),
            }),
            _ => Ok(packages),
        }
    }

    /// Runs one package; whether all of its bars hold.
    fn compare(&self, package: &Package) -> Result<bool, Error> {
        let results = cargo::target().join("bench");
        fs::create_dir_all(&results).map_err(|source| Error::Write {
            path: results.clone(),
            source,
        })?;
        let subject = package.name.trim_start_matches(PREFIX);
        let mut command = std::process::Command::new(target().join("release").join(&package.name));
        command.arg("--json").arg(results.join(format!("{subject}.json")));
        if self.quick {
            command.arg("--quick");
        }
        println!();
        Ok(process::status(&mut command)?.success())
    }
}

fn build(package: &Package) -> Result<(), Error> {
    let mut command = cargo::cargo("build");
    command
        .args(["--release", "--package", &package.name, "--manifest-path"])
        .arg(manifest())
        .arg("--target-dir")
        .arg(target());
    process::run(&mut command)
}

/// The manifest of the workspace that the benchmarks are: their rivals stay out of the libraries' lock file.
pub(crate) fn manifest() -> PathBuf {
    cargo::root().join("benches/Cargo.toml")
}

/// Where the benchmarks are built.
pub(crate) fn target() -> PathBuf {
    cargo::target().join("benches")
}

const PREFIX: &str = "bench-";
