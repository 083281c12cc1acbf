use std::{fs, path::Path};

use toml::{Table, Value};

use super::Mode;
use crate::{
    Error, cargo,
    ledger::Outcome,
    metadata::{BRAND, Metadata},
};

/// Versions stand in the workspace's manifest alone, sorted, and every member takes the workspace's lints.
pub(super) fn check(metadata: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let root = read(&cargo::root().join("Cargo.toml"))?;
    let mut problems = unsorted(&root);
    for package in &metadata.packages {
        let path = &package.manifest_path;
        let text = read(path)?;
        let manifest: Table = toml::from_str(&text).map_err(|source| Error::Toml {
            path: path.clone(),
            source,
        })?;
        let own = problems_of(&manifest)
            .into_iter()
            .map(|problem| format!("{}: {problem}", package.name));
        problems.extend(own);
    }
    Ok(Outcome::of(&problems))
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn problems_of(manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    if manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&Value::Boolean(true)) {
        problems.push("no `[lints] workspace = true`".to_owned());
    }
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    let tables = targets
        .filter_map(|(_, target)| target.as_table())
        .chain([manifest]);
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            let own = dependencies.filter(|(_, dependency)| dependency.get("workspace").is_none());
            problems
                .extend(own.map(|(name, _)| format!("{name} does not take its version from the workspace")));
        }
    }
    problems
}

/// The entries of `[workspace.dependencies]` that stand before a smaller one; ours and others' are sorted apart.
fn unsorted(root: &str) -> Vec<String> {
    let section = root
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1);
    let names: Vec<&str> = section
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter_map(|line| line.split([' ', '=', '.']).next())
        .collect();
    let (ours, theirs): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| name.starts_with(BRAND));
    [ours, theirs]
        .iter()
        .flat_map(|names| names.windows(2))
        .filter(|pair| pair[0] > pair[1])
        .map(|pair| format!("[workspace.dependencies] has {} before {}", pair[0], pair[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(manifest: &str) -> Vec<String> {
        problems_of(&toml::from_str(manifest).unwrap())
    }

    #[test]
    fn a_member_that_takes_everything_from_the_workspace_is_fine() {
        let manifest = "
            [lints]
            workspace = true
            [dependencies]
            serde = { workspace = true, features = ['derive'] }
            tokio.workspace = true
        ";

        assert!(problems(manifest).is_empty());
    }

    #[test]
    fn a_version_or_path_of_its_own_and_missing_lints_are_told() {
        let manifest = "
            [dependencies]
            serde = '1'
            [dev-dependencies.tempfile]
            version = '3'
            [target.'cfg(unix)'.dependencies]
            base = { path = '../base' }
        ";

        assert_eq!(
            problems(manifest),
            [
                "no `[lints] workspace = true`",
                "base does not take its version from the workspace",
                "serde does not take its version from the workspace",
                "tempfile does not take its version from the workspace",
            ],
        );
    }

    #[test]
    fn third_party_versions_are_sorted_apart_from_ours() {
        let sorted = "[workspace.dependencies]\ngroundcrew = 1\n\n# third party\nanstyle = 1\nbytes = { version = \"1\" }\n[a]\na = 1\n";
        let unordered = "[workspace.dependencies]\nbytes = 1\n# why\nanstyle = 1\n";

        assert!(unsorted(sorted).is_empty());
        assert_eq!(
            unsorted(unordered),
            ["[workspace.dependencies] has bytes before anstyle"]
        );
    }
}
