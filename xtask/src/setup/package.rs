use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{is_installed, npm, pypi, succeeds};
use crate::Error;

/// The tasks that something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Test,
    Check,
    Bench,
}

/// Something a machine must have.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) purpose: &'static str,
    probe: Probe,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Apt,
    PyPi,
    Npm,
}

/// How to see that a package is there.
#[derive(Clone, Debug)]
enum Probe {
    Program(&'static str),
    File(PathBuf),
    PostgresServer,
    PostgresExtension(&'static str),
    Pip,
}

impl Group {
    pub(crate) const ALL: [Self; 3] = [Self::Test, Self::Check, Self::Bench];
}

/// What `groups` need, each package once.
pub(crate) fn needed(groups: &[Group]) -> Result<Vec<Package>, Error> {
    let mut packages: Vec<Package> = Vec::new();
    for group in groups {
        for package in of(*group)? {
            if packages.iter().all(|known| known.name != package.name) {
                packages.push(package);
            }
        }
    }
    Ok(packages)
}

fn of(group: Group) -> Result<Vec<Package>, Error> {
    let promtool = || {
        apt(
            "prometheus",
            "the server that scrapes, and promtool",
            Probe::Program("promtool"),
        )
    };
    Ok(match group {
        Group::Test => {
            let mut packages = vec![
                apt(
                    "postgresql",
                    "the database under test, 15 or newer",
                    Probe::PostgresServer,
                ),
                apt(
                    &hypopg(),
                    "hypothetical indexes",
                    Probe::PostgresExtension("hypopg"),
                ),
                apt(
                    "pgbouncer",
                    "pools between service and database",
                    Probe::Program("pgbouncer"),
                ),
                apt(
                    "redis-server",
                    "the second cache level",
                    Probe::Program("redis-server"),
                ),
                promtool(),
                apt(
                    "logrotate",
                    "logs that are rotated from outside",
                    Probe::Program("logrotate"),
                ),
                apt("curl", "the deployment scripts", Probe::Program("curl")),
                apt("jq", "the deployment scripts", Probe::Program("jq")),
                apt("bc", "the deployment scripts", Probe::Program("bc")),
                apt("zstd", "restores backups by hand", Probe::Program("zstd")),
            ];
            packages.extend(readers()?);
            packages
        }
        Group::Check => checkers(promtool())?,
        Group::Bench => vec![apt("valgrind", "instruction counts", Probe::Program("valgrind"))],
    })
}

fn checkers(promtool: Package) -> Result<Vec<Package>, Error> {
    let mut packages = from_pypi(&pypi::pinned(pypi::LINTERS)?);
    packages.push(promtool);
    Ok(packages)
}

/// Other readers of dotenv files, with which ours is compared, and of what our pipelines say.
fn readers() -> Result<Vec<Package>, Error> {
    let mut packages = from_pypi(&pypi::pinned(pypi::TESTS)?);
    packages.push(apt("dash", READER, Probe::Program("dash")));
    packages.push(apt("nodejs", READER, Probe::Program("node")));
    packages.push(apt(
        "npm",
        "installs readers of dotenv files",
        Probe::Program("npm"),
    ));
    for module in npm::pinned()? {
        packages.push(Package {
            name: module.specifier(),
            source: Source::Npm,
            purpose: READER,
            probe: Probe::File(module.manifest()),
        });
    }
    Ok(packages)
}

/// The packages of `tools`, and before them what installs them if it is needed.
fn from_pypi(tools: &[pypi::Tool]) -> Vec<Package> {
    let package = |tool: &pypi::Tool| Package {
        name: tool.requirement(),
        source: Source::PyPi,
        purpose: tool.purpose(),
        probe: Probe::File(tool.program()),
    };
    let mut packages: Vec<_> = tools.iter().map(package).collect();
    if packages.iter().any(|package| !package.is_present()) {
        packages.insert(0, apt("python3-pip", "installs what comes from PyPI", Probe::Pip));
    }
    packages
}

impl Package {
    pub(crate) fn is_present(&self) -> bool {
        match &self.probe {
            Probe::Program(program) => is_installed(program),
            Probe::File(path) => path.is_file(),
            Probe::PostgresServer => newest_server(Path::new(POSTGRES_LIB)).is_some(),
            Probe::PostgresExtension(name) => has_extension(name),
            Probe::Pip => succeeds("python3", &["-m", "pip", "--version"]),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Apt => "apt",
            Self::PyPi => "PyPI",
            Self::Npm => "npm",
        })
    }
}

fn apt(name: &str, purpose: &'static str, probe: Probe) -> Package {
    Package {
        name: name.to_owned(),
        source: Source::Apt,
        purpose,
        probe,
    }
}

/// The package of the extension for the installed server, else for the oldest that is supported.
fn hypopg() -> String {
    let major = newest_server(Path::new(POSTGRES_LIB)).unwrap_or(OLDEST_POSTGRES);
    format!("postgresql-{major}-hypopg")
}

fn has_extension(name: &str) -> bool {
    newest_server(Path::new(POSTGRES_LIB)).is_some_and(|major| {
        let control = format!("/usr/share/postgresql/{major}/extension/{name}.control");
        Path::new(&control).is_file()
    })
}

/// The newest major version with a server under `lib`, if it is new enough.
fn newest_server(lib: &Path) -> Option<u32> {
    fs::read_dir(lib)
        .ok()?
        .flatten()
        .filter(|entry| entry.path().join("bin/postgres").is_file())
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|major| *major >= OLDEST_POSTGRES)
        .max()
}

const READER: &str = "a reader of dotenv files to compare with";
const POSTGRES_LIB: &str = "/usr/lib/postgresql";
const OLDEST_POSTGRES: u32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_supported_server_counts_and_directories_without_one_do_not() {
        let lib = tempfile::tempdir().unwrap();
        for (major, has_server) in [
            ("9.6", true),
            ("14", true),
            ("16", true),
            ("17", true),
            ("18", false),
        ] {
            let bin = lib.path().join(major).join("bin");
            fs::create_dir_all(&bin).unwrap();
            if has_server {
                fs::write(bin.join("postgres"), "").unwrap();
            }
        }

        assert_eq!(newest_server(lib.path()), Some(17));
        assert_eq!(newest_server(&lib.path().join("14")), None);
    }

    #[test]
    fn a_package_of_two_groups_is_listed_once() {
        let packages = needed(&Group::ALL).unwrap();

        let promtools = packages.iter().filter(|package| package.name == "prometheus");
        assert_eq!(promtools.count(), 1);
    }
}
