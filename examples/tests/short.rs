//! The short examples run to their end, on private servers where they need one.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// Runs an example in an empty environment, with what it needs to find programs.
fn run(name: &str) -> Output {
    let test = std::env::current_exe().unwrap();
    let program: PathBuf = test
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join(name);
    assert!(
        program.exists(),
        "{}: cargo builds it with this test",
        program.display()
    );
    let kept =
        ["PATH", "HOME", "CARGO_TARGET_DIR"].map(|name| (name, std::env::var_os(name).unwrap_or_default()));
    let directory = tempfile::tempdir().unwrap();
    let kept = kept.into_iter().filter(|(_, value)| !value.is_empty());
    Command::new(program)
        .env_clear()
        .envs(kept)
        .current_dir(&directory)
        .output()
        .unwrap()
}

fn assert_runs(name: &str, says: &str) {
    let output = run(name);

    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(says), "{says:?} is not in {text}");
}

#[test]
fn envcfg_writes_its_own_documentation() {
    assert_runs("envcfg", "AUTH_SECRET=");
}

#[test]
fn logging_counts_what_it_wrote() {
    assert_runs("logging", "accepted: 3, written: 3");
}

#[test]
fn health_shows_an_outage_and_its_end() {
    assert_runs("health", "/readyz: 503");
}

#[test]
fn cache_outlives_a_frozen_redis() {
    assert_runs("cache", "nobody waits for Redis any more");
}

#[test]
fn dbopt_cancels_on_the_server() {
    assert_runs("dbopt", "cancelled on the server");
}

#[test]
fn backup_restores_what_it_took() {
    assert_runs("backup", "public.orders: 10000 rows");
}
