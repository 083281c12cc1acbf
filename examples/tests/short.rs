//! The short examples run to their end, on private servers where they need one.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// Runs an example in an empty environment, with what it needs to find programs.
fn run(name: &str) -> Output {
    run_with(name, &[])
}

fn run_with(name: &str, arguments: &[&str]) -> Output {
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
        .args(arguments)
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
fn the_configuration_chapter_shows_the_report_as_it_prints() {
    let printed = String::from_utf8(run("envcfg").stdout).unwrap();
    let report = printed.split_once("error: configuration").unwrap().1.trim_end();
    let chapter = include_str!("../../docs/configuration.md");

    assert!(
        without_times(chapter).contains(&without_times(report)),
        "{report}"
    );
}

/// How long a service took to refuse is the one thing that differs from run to run.
fn without_times(text: &str) -> String {
    let mut parts = text.split("attempt in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let rest = part.split_once(')').map_or(part, |(_, rest)| rest);
        format!("{all}attempt){rest}")
    })
}

#[test]
fn envcfg_from_the_environment_ends_with_78_and_its_report() {
    let output = run_with("envcfg", &["--from-env"]);

    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(
        text.contains("AUTH_SECRET is missing") && text.contains("DATABASE_URL is missing"),
        "{text}"
    );
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
fn lifecycle_drains_and_says_with_what_it_ends() {
    let output = run_with("lifecycle", &["1"]);

    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let said: Vec<&str> = text.lines().collect();
    assert!(said[0].starts_with("curl http://127.0.0.1:"), "{text}");
    assert_eq!(said[1], "the ticker has seen the stop", "{text}");
    // A tenth of eight seconds is kept back; a machine that is busy may have taken some.
    let within = said[2].strip_prefix("closing the pool within ").unwrap();
    let within: f64 = within.trim_end_matches('s').parse().unwrap();
    assert!((4.0..=7.2).contains(&within), "{text}");
    assert_eq!(said[3..], ["Clean: exit code 0"], "{text}");
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
