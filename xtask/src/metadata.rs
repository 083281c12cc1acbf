use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{Error, cargo, process};

/// What `cargo metadata --no-deps` says about a workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

/// An edge from a package to another.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev`, `build`, or nothing for a normal dependency.
    pub(crate) kind: Option<String>,
    pub(crate) optional: bool,
}

/// Something that a package builds.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

impl Metadata {
    /// Reads the workspace this program belongs to.
    pub(crate) fn load() -> Result<Self, Error> {
        Self::of(&cargo::root().join("Cargo.toml"))
    }

    /// Reads the workspace of `manifest`.
    pub(crate) fn of(manifest: &Path) -> Result<Self, Error> {
        let mut command = cargo::cargo("metadata");
        command
            .args(["--format-version=1", "--no-deps", "--manifest-path"])
            .arg(manifest);
        let json = process::stdout(&mut command)?;
        serde_json::from_slice(&json).map_err(|source| Error::Json {
            path: manifest.to_owned(),
            source,
        })
    }

    /// The package called `name`, or `groundcrew-name`.
    pub(crate) fn package(&self, name: &str) -> Result<&Package, Error> {
        let full = format!("{BRAND}-{name}");
        self.packages
            .iter()
            .find(|package| package.name == name || package.name == full)
            .ok_or_else(|| Error::UnknownPackage {
                name: name.to_owned(),
            })
    }
}

impl Package {
    /// The directory of the package's manifest.
    pub(crate) fn directory(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// Whether the package has a library that is no derive macro.
    pub(crate) fn has_library(&self) -> bool {
        self.targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }
}

/// The package name of the facade, and the prefix of its siblings.
pub(crate) const BRAND: &str = "groundcrew";
