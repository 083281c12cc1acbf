//! pino and winston, the loggers of the services that the requirements describe, each in a process of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use harness::{Kind, Row};

use crate::{ours, scenario::Scenario, throughput::cpu_nanos};

/// Rows beside both; none, and a line that says why, where there is no npm.
pub(crate) fn rows() -> Vec<Row> {
    let Some(directory) = installed() else {
        eprintln!("NOT RUN: pino and winston, for npm cannot install them here");
        return Vec::new();
    };
    let ours = nanos_of_ours();
    let row = |name: &str, logger: &str, rival: &str| {
        let theirs = nanos_of(&directory, logger);
        Row::relative(name, Kind::Ratio, "ns CPU/event", (ours, theirs), rival, None)
    };
    vec![
        row("node.pino", "pino", "pino, child logger with three fields"),
        row("node.winston", "winston", "winston, with three default fields"),
    ]
}

/// The least of some batches in a span of three fields, with what the writer's thread takes.
fn nanos_of_ours() -> f64 {
    let mut run = ours::PLAIN.runner(Scenario::Span);
    let mut batch = || {
        let before = cpu_nanos();
        run(EVENTS);
        (cpu_nanos() - before) as f64 / EVENTS as f64
    };
    (0..BATCHES).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

fn nanos_of(directory: &Path, logger: &str) -> f64 {
    let mut node = Command::new("node");
    node.current_dir(directory)
        .args(["bench.js", logger])
        .stderr(Stdio::inherit());
    let output = node.output().expect("npm has come with node");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("bench.js prints a number")
}

/// A copy of the package with its dependencies, beside this program.
fn installed() -> Option<PathBuf> {
    let directory = std::env::current_exe().ok()?.with_file_name("bench-logging-node");
    fs::create_dir_all(&directory).ok()?;
    fs::write(
        directory.join("package.json"),
        include_str!("../node/package.json"),
    )
    .ok()?;
    fs::write(directory.join("bench.js"), include_str!("../node/bench.js")).ok()?;
    let install = [
        "install",
        "--silent",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
    ];
    let status = Command::new("npm").current_dir(&directory).args(install).status();
    status.ok()?.success().then_some(directory)
}

const EVENTS: u64 = 20_000;
const BATCHES: u32 = 25;
