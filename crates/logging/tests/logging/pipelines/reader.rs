//! Runs the parsers of other systems, which `cargo xtask setup test` installs with pip.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// What `script` prints, JSON, when it is given `input` and may import the package `name`.
pub(super) fn read(name: &str, script: &str, input: &Value) -> Value {
    let mut python = Command::new("python3")
        .args(["-c", script])
        .env("PYTHONPATH", installed(name))
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(INSTALL);
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn installed(name: &str) -> PathBuf {
    let mut pins = REQUIREMENTS.lines().filter_map(|line| line.split_once("=="));
    let (_, version) = pins.find(|(pinned, _)| *pinned == name).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let directory = target.join(format!("tools/{name}-{version}"));
    assert!(directory.is_dir(), "{name} {version} is not installed: {INSTALL}");
    directory
}

const REQUIREMENTS: &str = include_str!("../../../../../xtask/requirements-test.txt");
const INSTALL: &str = "run `cargo xtask setup test`";
