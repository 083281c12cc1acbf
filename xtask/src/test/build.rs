use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::executable::Executable;
use crate::{
    Error, cargo,
    metadata::{Metadata, Target},
    process,
};

/// What one `cargo test --no-run` built.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) executables: Vec<Executable>,
    /// Where the executables find the shared libraries of the toolchain and of build scripts.
    pub(super) library_path: OsString,
}

/// The messages of `cargo --message-format=json` that matter here.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    BuildScriptExecuted {
        linked_paths: Vec<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Artifact {
    package_id: String,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Profile {
    test: bool,
}

impl Build {
    /// Builds the tests that `selection` selects, and everything that they run.
    pub(super) fn run(selection: &[String], metadata: &Metadata) -> Result<Self, Error> {
        let mut command = cargo::cargo("test");
        command
            .args(selection)
            .args(["--no-run", "--message-format=json-render-diagnostics"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|source| process::start(&command, source))?;
        let stdout = child.stdout.take().expect("standard output was asked for");

        let messages = BufReader::new(stdout).lines().map_while(Result::ok);
        let messages: Vec<Message> = messages
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect();
        let status = child.wait().map_err(|source| process::start(&command, source))?;
        if !status.success() {
            return Err(process::ended(&command, status));
        }
        let mut executables = executables(&messages, metadata);
        executables.sort_by_key(Executable::label);
        Ok(Self {
            executables,
            library_path: library_path(&messages)?,
        })
    }
}

fn executables(messages: &[Message], metadata: &Metadata) -> Vec<Executable> {
    let of = |message: &Message| {
        let Message::CompilerArtifact(artifact) = message else {
            return None;
        };
        let path = artifact.executable.clone().filter(|_| artifact.profile.test)?;
        let package = metadata
            .packages
            .iter()
            .find(|package| package.id == artifact.package_id)?;
        Some(Executable {
            package: package.name.clone(),
            version: package.version.clone(),
            directory: package.directory().to_owned(),
            target: artifact.target.clone(),
            path,
        })
    };
    messages.iter().filter_map(of).collect()
}

fn library_path(messages: &[Message]) -> Result<OsString, Error> {
    let sysroot = process::stdout(
        Command::new("rustc")
            .current_dir(cargo::root())
            .args(["--print", "sysroot"]),
    )?;
    let sysroot = String::from_utf8_lossy(&sysroot).trim_end().to_owned();
    let mut paths = vec![
        PathBuf::from(sysroot).join("lib"),
        cargo::target().join("debug/deps"),
    ];
    for message in messages {
        let Message::BuildScriptExecuted { linked_paths } = message else {
            continue;
        };
        // A path may stand behind its kind, as in `native=/usr/lib`.
        let bare = linked_paths
            .iter()
            .map(|path| path.split_once('=').map_or(path.as_str(), |(_, bare)| bare));
        paths.extend(bare.map(PathBuf::from));
    }
    let inherited = env::var_os(LIBRARY_PATH).unwrap_or_default();
    paths.extend(env::split_paths(&inherited));
    Ok(env::join_paths(paths).unwrap_or(inherited))
}

/// The variable in which the dynamic linker looks for directories.
pub(super) const LIBRARY_PATH: &str = if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_artifacts_with_an_executable_are_run() {
        let metadata: Metadata = serde_json::from_str(
            r#"{"packages":[{"id":"path+file:///w/cache","name":"groundcrew-cache","version":"0.1.0","manifest_path":"/w/cache/Cargo.toml"}]}"#,
        )
        .unwrap();
        let artifact = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///w/cache","target":{{"name":"l2","kind":["test"]}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let lines = [
            artifact(true, r#""/t/l2-1""#),
            artifact(false, r#""/t/bin""#),
            artifact(true, "null"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let messages: Vec<Message> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();

        let found = executables(&messages, &metadata);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, PathBuf::from("/t/l2-1"));
        assert_eq!(found[0].label(), "groundcrew-cache test l2");
    }
}
