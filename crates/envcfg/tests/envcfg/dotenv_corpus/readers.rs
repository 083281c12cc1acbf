//! Runs the other readers of dotenv files.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Case, Outcome};

/// What python-dotenv makes of each case.
pub(super) fn python_dotenv(cases: &[Case]) -> Vec<Outcome> {
    let tool = pinned(PYPI, "==", "python-dotenv");
    let mut python = Command::new("python3");
    python
        .args(["-c", include_str!("read.py")])
        .env("PYTHONPATH", tool);
    all_at_once(python, cases)
}

/// What node's dotenv makes of each case, with dotenv-expand for references.
pub(super) fn node_dotenv(cases: &[Case]) -> Vec<Outcome> {
    let modules = [pinned(NPM, "@", "dotenv"), pinned(NPM, "@", "dotenv-expand")];
    let modules = modules.map(|tool| tool.join("node_modules").display().to_string());
    let mut node = Command::new("node");
    node.args(["-e", include_str!("read.js")])
        .env("NODE_PATH", modules.join(":"));
    all_at_once(node, cases)
}

/// What the environment is after `sh` has read each case with `set -a`.
pub(super) fn sh(cases: &[Case]) -> Vec<Outcome> {
    let dir = written(cases);
    cases
        .iter()
        .enumerate()
        .map(|(number, _)| source(&path(dir.path(), number)))
        .collect()
}

fn source(path: &Path) -> Outcome {
    let mut sh = Command::new("/bin/dash");
    sh.args(["-c", r#"set -a; . "$1"; exec /usr/bin/env -0"#, "sh"])
        .arg(path)
        .env_clear()
        .env("PATH", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = sh.spawn().expect(INSTALL);
    // `$$` in a value.
    let pid = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(&pid, "<pid>");
    let vars: BTreeMap<_, _> = text
        .split('\0')
        .filter_map(|var| var.split_once('='))
        .filter(|(name, _)| !["PATH", "PWD", "OLDPWD", "_", "SHLVL"].contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let is_right = output.status.success() && output.stderr.is_empty();
    let wrong = if is_right {
        Vec::new()
    } else {
        vec![String::from("wrong")]
    };
    Outcome { vars, wrong }
}

/// Gives a program all cases as JSON, and takes all outcomes from it.
fn all_at_once(mut program: Command, cases: &[Case]) -> Vec<Outcome> {
    let dir = written(cases);
    let paths = cases.iter().enumerate().map(|(number, case)| {
        serde_json::json!({"path": path(dir.path(), number), "interpolated": case.interpolated})
    });
    let input = serde_json::Value::from_iter(paths).to_string();
    let mut child = program
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(INSTALL);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The cases as files of a directory.
fn written(cases: &[Case]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (number, case) in cases.iter().enumerate() {
        fs::write(path(dir.path(), number), case.bytes()).unwrap();
    }
    dir
}

fn path(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("{number}.env"))
}

/// Where `cargo xtask setup test` puts the version of `name` that `list` asks for.
fn pinned(list: &str, separator: &str, name: &str) -> PathBuf {
    let mut pins = list.lines().filter_map(|line| line.split_once(separator));
    let (_, version) = pins.find(|(pinned, _)| *pinned == name).unwrap();
    assert!(
        include_str!("head.md").contains(&format!("{name} {version}")),
        "docs/dotenv.md names another version of {name} than {version}"
    );
    let prefix = if separator == "@" { "npm-" } else { "" };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let tool = target.join("tools").join(format!("{prefix}{name}-{version}"));
    assert!(tool.is_dir(), "{name} {version} is not installed: {INSTALL}");
    tool
}

const INSTALL: &str = "run `cargo xtask setup test`";
const PYPI: &str = include_str!("../../../../../xtask/requirements-test.txt");
const NPM: &str = include_str!("../../../../../xtask/npm-test.txt");
