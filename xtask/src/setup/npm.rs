use std::{fs, path::PathBuf, process::Command};

use super::{
    complete,
    package::{Package, Source},
};
use crate::{Error, cargo, process};

/// A module from the npm registry, in one version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    name: String,
    version: String,
}

/// The modules of `xtask/npm-test.txt`.
pub(super) fn pinned() -> Result<Vec<Module>, Error> {
    let path = cargo::root().join("xtask/npm-test.txt");
    let text = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
    Ok(parse(&text))
}

/// Installs those of `packages` that come from npm, each into a directory of its own, without running their scripts.
pub(super) fn install(packages: &[Package]) -> Result<(), Error> {
    let specifiers = packages.iter().filter(|package| package.source == Source::Npm);
    specifiers
        .filter_map(|package| parse_line(&package.name))
        .try_for_each(|module| module.install())
}

impl Module {
    pub(super) fn specifier(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// A file of the module that is there when it is installed.
    pub(super) fn manifest(&self) -> PathBuf {
        self.directory()
            .join("node_modules")
            .join(&self.name)
            .join("package.json")
    }

    fn directory(&self) -> PathBuf {
        let name = format!("npm-{}-{}", self.name, self.version);
        cargo::target().join("tools").join(name)
    }

    fn install(&self) -> Result<(), Error> {
        println!("installing with npm: {}", self.specifier());
        complete::directory(
            &self.directory(),
            || self.manifest().is_file(),
            |directory| {
                let mut npm = Command::new("npm");
                npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .args(["--loglevel=error", "--prefix"])
                    .arg(directory)
                    .arg(self.specifier());
                process::run(&mut npm)
            },
        )
    }
}

/// The modules in a list of `name@version` lines.
fn parse(text: &str) -> Vec<Module> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Module> {
    let (name, version) = line.trim().rsplit_once('@')?;
    Some(Module {
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_real_file_is_pinned() {
        let text = include_str!("../../npm-test.txt");

        let modules = parse(text);

        assert_eq!(modules.len(), text.lines().count());
        for (module, line) in modules.iter().zip(text.lines()) {
            assert_eq!(module.specifier(), line);
            assert!(module.version.split('.').all(|part| part.parse::<u32>().is_ok()));
        }
    }

    #[test]
    fn a_module_is_looked_for_where_it_is_installed() {
        let modules = parse("dotenv@1.2.3");

        let manifest = modules[0].manifest();

        assert!(manifest.ends_with("tools/npm-dotenv-1.2.3/node_modules/dotenv/package.json"));
    }
}
