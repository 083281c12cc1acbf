use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Mode;
use crate::{Error, cargo, ledger::Outcome, metadata::Metadata, process, setup};

/// taplo over every TOML file.
pub(super) fn toml(_: &Metadata, mode: Mode) -> Result<Outcome, Error> {
    let mut command = linter("taplo")?;
    command.args(["fmt", "--colors=never"]).env("RUST_LOG", "warn");
    if mode == Mode::Tell {
        command.args(["--check", "--diff"]);
    }
    passes(&mut command)
}

/// typos over every file that git would keep.
pub(super) fn spelling(_: &Metadata, mode: Mode) -> Result<Outcome, Error> {
    let mut command = linter("typos")?;
    if mode == Mode::Fix {
        command.arg("--write-changes");
    }
    passes(&mut command)
}

/// shellcheck over every file that is a shell script by name or first line.
pub(super) fn shell(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let scripts = tracked()?.into_iter().filter(|path| is_shell(path));
    over(
        linter("shellcheck")?.args(["--severity=style"]),
        scripts.collect(),
    )
}

/// The schemas of workflows and of the dependency bot's configuration.
pub(super) fn workflows(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let workflows = tracked()?
        .into_iter()
        .filter(|path| path.starts_with(".github/workflows"));
    let workflows = over(
        linter("check-jsonschema")?.args(["--builtin-schema", "vendor.github-workflows"]),
        workflows.collect(),
    );
    let dependabot = over(
        linter("check-jsonschema")?.args(["--builtin-schema", "vendor.dependabot"]),
        vec![PathBuf::from(".github/dependabot.yml")],
    );
    workflows.and(dependabot)
}

/// zizmor over the workflows.
pub(super) fn workflow_security(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    passes(linter("zizmor")?.args(["--offline", "--quiet", ".github"]))
}

/// hadolint over every Dockerfile.
pub(super) fn dockerfiles(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let dockerfiles = tracked()?.into_iter().filter(|path| path.ends_with("Dockerfile"));
    over(&mut linter("hadolint")?, dockerfiles.collect())
}

/// The schema of compose files, and of the compose snippets in documents.
pub(super) fn compose(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let (documents, files): (Vec<_>, Vec<_>) = tracked()?
        .into_iter()
        .filter(|path| path.ends_with("compose.yaml") || path.extension().is_some_and(|end| end == "md"))
        .partition(|path| path.extension().is_some_and(|end| end == "md"));
    let directory = cargo::target().join("snippets");
    fs::create_dir_all(&directory).map_err(unwritable(&directory))?;
    let mut snippets = Vec::new();
    for document in documents {
        let path = cargo::root().join(&document);
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
        for snippet in compose_snippets(&text) {
            let path = directory.join(format!("{}.yaml", snippets.len()));
            fs::write(&path, snippet).map_err(unwritable(&path))?;
            snippets.push(path);
        }
    }
    let files = files.into_iter().chain(snippets);
    let mut command = linter("check-jsonschema")?;
    over(
        command.args(["--builtin-schema", "vendor.compose-spec"]),
        files.collect(),
    )
}

/// The schemas of Kubernetes.
pub(super) fn kubernetes(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let files = tracked()?
        .into_iter()
        .filter(|path| path.ends_with("kubernetes.yaml"));
    over(linter("kubernetes-validate")?.arg("--strict"), files.collect())
}

/// promtool over the rules in `deploy/`.
pub(super) fn prometheus_rules(_: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let is_rules =
        |path: &PathBuf| path.starts_with("deploy") && path.to_string_lossy().ends_with(".rules.yml");
    let rules = tracked()?.into_iter().filter(is_rules);
    let mut command = Command::new("promtool");
    over(
        command.current_dir(cargo::root()).args(["check", "rules"]),
        rules.collect(),
    )
}

fn linter(name: &str) -> Result<Command, Error> {
    let program = setup::program(name)?;
    let mut command = Command::new(&program);
    command
        .current_dir(cargo::root())
        .env("PYTHONPATH", setup::python_path(&program));
    Ok(command)
}

fn passes(command: &mut Command) -> Result<Outcome, Error> {
    process::run(command).map(|()| Outcome::Passed)
}

/// Runs `command` with `files` behind its arguments.
fn over(command: &mut Command, files: Vec<PathBuf>) -> Result<Outcome, Error> {
    println!("  {} files", files.len());
    if files.is_empty() {
        return Ok(Outcome::Passed);
    }
    passes(command.args(files))
}

/// The files that git tracks or would, relative to the workspace.
fn tracked() -> Result<Vec<PathBuf>, Error> {
    let mut command = Command::new("git");
    command
        .current_dir(cargo::root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = String::from_utf8_lossy(&process::stdout(&mut command)?).into_owned();
    let files = list
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    Ok(files.filter(|path| cargo::root().join(path).is_file()).collect())
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Write { path, source }
}

/// The YAML blocks of a document that begin as a compose file does.
fn compose_snippets(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.starts_with("services:"))
}

fn is_shell(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sh")
        || fs::read(cargo::root().join(path)).is_ok_and(|bytes| starts_like_shell(&bytes))
}

fn starts_like_shell(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(interpreter) = first.strip_prefix(b"#!") else {
        return false;
    };
    let interpreter = String::from_utf8_lossy(interpreter);
    let mut words = interpreter
        .split_whitespace()
        .flat_map(|word| word.rsplit('/').next());
    words.any(|word| matches!(word, "sh" | "bash" | "dash"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_snippets_are_those_that_begin_with_services() {
        let document =
            "# A\n```yaml\nservices:\n  a: {}\n```\n```yaml\nkind: Pod\n```\n```sh\nservices:\n```\n";

        let found: Vec<_> = compose_snippets(document).collect();

        assert_eq!(found, ["services:\n  a: {}\n"]);
    }

    #[test]
    fn a_shell_script_is_known_by_its_first_line() {
        let cases: [(&[u8], bool); 6] = [
            (b"#!/bin/sh\nset -eu\n", true),
            (b"#!/usr/bin/env bash\n", true),
            (b"#! /bin/bash -e", true),
            (b"#!/usr/bin/env python3\n", false),
            (b"# sh\n", false),
            (b"", false),
        ];

        for (bytes, expected) in cases {
            assert_eq!(
                starts_like_shell(bytes),
                expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
