//! The parsers of Python's `prometheus_client`.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

/// A text to read.
#[derive(Debug, Serialize)]
pub(crate) struct Case {
    pub(crate) format: &'static str,
    pub(crate) text: String,
}

/// What was read.
#[derive(Debug, Deserialize)]
pub(crate) struct Reading {
    pub(crate) error: Option<String>,
    pub(crate) families: Vec<ReadFamily>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReadFamily {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    pub(crate) samples: Vec<ReadSample>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReadSample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
    pub(crate) exemplar: Option<ReadExemplar>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReadExemplar {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

impl ReadSample {
    pub(crate) fn value(&self) -> f64 {
        // Rust spells them in the same way, but for the case.
        self.value.parse().unwrap()
    }
}

/// Reads all cases in one process.
pub(crate) fn read(cases: &[Case]) -> Vec<Reading> {
    let mut python = Command::new("python3")
        .args(["-c", include_str!("read.py")])
        .env("PYTHONPATH", installed())
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(INSTALL);
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(&serde_json::to_vec(cases).unwrap()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "python3: {}", output.status);
    let readings: Vec<Reading> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(readings.len(), cases.len());
    readings
}

/// Where `cargo xtask setup test` puts it.
fn installed() -> std::path::PathBuf {
    const NAME: &str = "prometheus_client";
    let pins = include_str!("../../../../xtask/requirements-test.txt");
    let mut pins = pins.lines().filter_map(|line| line.split_once("=="));
    let (_, version) = pins.find(|(name, _)| *name == NAME).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let tool = target.join("tools").join(format!("{NAME}-{version}"));
    assert!(tool.is_dir(), "{NAME} {version} is not installed: {INSTALL}");
    tool
}

const INSTALL: &str = "run `cargo xtask setup test`";
