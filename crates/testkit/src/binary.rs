use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{error::Error, given};

/// A program a server needs, and how to get it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary {
    pub(crate) name: &'static str,
    pub(crate) install: &'static str,
    /// Directories outside `PATH`; a `*` stands for a version, of which the highest wins.
    pub(crate) places: &'static [&'static str],
}

pub(crate) const POSTGRES: Binary = Binary {
    name: "postgres",
    install: "apt-get install postgresql",
    places: &[
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/usr/local/pgsql/bin",
    ],
};

pub(crate) const REDIS: Binary = Binary {
    name: "redis-server",
    install: "apt-get install redis-server",
    places: &["/opt/homebrew/bin", "/usr/local/bin"],
};

pub(crate) const PGBOUNCER: Binary = Binary {
    name: "pgbouncer",
    install: "apt-get install pgbouncer",
    places: &["/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin"],
};

pub(crate) const PROMETHEUS: Binary = Binary {
    name: "prometheus",
    install: "apt-get install --no-install-recommends prometheus",
    places: &["/usr/bin", "/opt/homebrew/bin", "/usr/local/bin"],
};

pub(crate) const PROMTOOL: Binary = Binary {
    name: "promtool",
    ..PROMETHEUS
};

impl Binary {
    /// Finds the program in `only`, or else in its usual places and `PATH`.
    pub(crate) fn find(self, only: Option<&Path>) -> Result<PathBuf, Error> {
        let directories = only.map_or_else(|| self.directories(), |dir| vec![dir.to_owned()]);
        directories
            .iter()
            .map(|dir| dir.join(self.name))
            .find(|path| path.is_file())
            .ok_or_else(|| Error::MissingBinary {
                binary: self.name,
                searched: directories
                    .iter()
                    .map(|dir| dir.display().to_string())
                    .collect::<Vec<_>>()
                    .join(":"),
                install: self.install,
            })
    }

    fn directories(self) -> Vec<PathBuf> {
        let path = given::variable("PATH").unwrap_or_default();
        self.places
            .iter()
            .flat_map(|place| expand(place))
            .chain(path.split(':').filter(|dir| !dir.is_empty()).map(PathBuf::from))
            .collect()
    }
}

/// The directories that match `place`, highest version first.
fn expand(place: &str) -> Vec<PathBuf> {
    let Some((before, after)) = place.split_once('*') else {
        return vec![PathBuf::from(place)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(Vec<u32>, String)> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| {
            let numbers = name.strip_prefix(prefix)?.split('.').map(str::parse);
            Some((numbers.collect::<Result<_, _>>().ok()?, name))
        })
        .collect();
    versions.sort();
    versions
        .into_iter()
        .rev()
        .map(|(_, name)| PathBuf::from(format!("{parent}/{name}{after}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_wins_by_number_not_by_letter() {
        let root = std::env::temp_dir().join(format!("binary-test-{}", std::process::id()));
        for version in ["9.6", "14", "15", "current"] {
            fs::create_dir_all(root.join(version)).expect("a directory in the temporary directory");
        }

        let found = expand(&format!("{}/*/bin", root.display()));

        let expected: Vec<PathBuf> = ["15/bin", "14/bin", "9.6/bin"]
            .iter()
            .map(|p| root.join(p))
            .collect();
        assert_eq!(found, expected);
        fs::remove_dir_all(root).expect("the directory made above");
    }

    #[test]
    fn a_missing_program_names_the_command_that_installs_it() {
        let error = REDIS
            .find(Some(Path::new("/nonexistent")))
            .expect_err("there is no such directory");

        assert_eq!(
            error.to_string(),
            "redis-server was not found in /nonexistent; install it with `apt-get install redis-server` or \
             `cargo xtask setup test`"
        );
    }
}
