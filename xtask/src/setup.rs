use std::{env, path::Path, process::Command};

use clap::{Args, ValueEnum};

mod apt;
mod complete;
mod npm;
mod package;
mod pypi;

use package::Package;

use crate::{Error, process};

pub(crate) use package::Group;
pub(crate) use pypi::{program, python_path};

/// Installs what a group of tasks needs and this machine lacks.
#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// What to prepare for; everything if not given.
    group: Option<GroupName>,
    /// Only report; the exit code tells whether something is missing.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GroupName {
    Test,
    Check,
    Bench,
}

impl Setup {
    pub(crate) fn run(self) -> Result<(), Error> {
        let groups = self
            .group
            .map_or_else(|| Group::ALL.to_vec(), |group| vec![group.into()]);
        let packages = package::needed(&groups)?;
        print(&packages);
        if self.check {
            require_none(&missing(&packages))
        } else {
            install(&groups)
        }
    }
}

/// Installs what `group` lacks, and says nothing when that is nothing.
pub(crate) fn ensure(group: Group) -> Result<(), Error> {
    let packages = package::needed(&[group])?;
    if missing(&packages).is_empty() {
        return Ok(());
    }
    print(&packages);
    install(&[group])
}

impl From<GroupName> for Group {
    fn from(name: GroupName) -> Self {
        match name {
            GroupName::Test => Self::Test,
            GroupName::Check => Self::Check,
            GroupName::Bench => Self::Bench,
        }
    }
}

fn print(packages: &[Package]) {
    println!("{:<10} {:<8} {:<42} needed for", "", "from", "package");
    for package in packages {
        let state = if package.is_present() {
            "present"
        } else {
            "MISSING"
        };
        println!(
            "{state:<10} {:<8} {:<42} {}",
            package.source, package.name, package.purpose
        );
    }
}

/// Installs in two passes: which extension packages exist depends on the server that the first installs.
fn install(groups: &[Group]) -> Result<(), Error> {
    for _ in 0..2 {
        let packages = package::needed(groups)?;
        let missing = missing(&packages);
        if missing.is_empty() {
            return Ok(());
        }
        apt::install(&missing)?;
        pypi::install(&missing)?;
        npm::install(&missing)?;
    }
    require_none(&missing(&package::needed(groups)?))
}

fn missing(packages: &[Package]) -> Vec<Package> {
    packages
        .iter()
        .filter(|package| !package.is_present())
        .cloned()
        .collect()
}

fn require_none(missing: &[Package]) -> Result<(), Error> {
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|package| package.name.as_str()).collect();
    Err(Error::Missing {
        packages: names.join(" "),
        remedy: "run `cargo xtask setup`".to_owned(),
    })
}

/// Whether `program` can be found by a shell, or where Debian puts servers.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([
            Path::new("/usr/sbin").to_owned(),
            Path::new("/usr/local/sbin").to_owned(),
        ])
        .any(|dir| dir.join(program).is_file())
}

/// Whether `program` with `args` succeeds; its output is dropped.
fn succeeds(program: &str, args: &[&str]) -> bool {
    process::output(Command::new(program).args(args)).is_ok_and(|output| output.status.success())
}
