//! How orchestrators are to ask, as the program prints it and the files of a deployment have it.

use std::{fs, path::Path, process::Output};

use tokio::process::Command;

use crate::harness::program;

/// What the program prints where it is asked for the probes of `orchestrator`.
async fn probes(orchestrator: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.arg("--probes").args(orchestrator).env_clear();
    command.envs(variables.iter().copied()).kill_on_drop(true);
    command.output().await.unwrap()
}

/// The lines of a file of the workspace without comments, each less so many spaces.
fn lines(file: &str, indent: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn the_files_of_a_deployment_ask_as_the_program_says() {
    let variables = [("HEALTH_CHECK_INTERVAL", "10s"), ("HEALTH_CHECK_TIMEOUT", "5")];
    for (orchestrator, file, indent) in [
        ("kubernetes", "deploy/kubernetes.yaml", 10),
        ("dockerfile", "deploy/Dockerfile", 0),
        ("compose", "docs/probes.md", 4),
    ] {
        let output = probes(&[orchestrator], &variables).await;

        assert_eq!(output.status.code(), Some(0), "{orchestrator}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("10") && printed.contains('5'), "{printed}");
        assert!(lines(file, indent).contains(&printed), "{file} lacks\n{printed}");
    }
}

#[tokio::test]
async fn probes_of_what_is_no_orchestrator_and_wrong_settings_are_refused() {
    for orchestrator in [&["nomad"][..], &[]] {
        let output = probes(orchestrator, &[]).await;

        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, "--probes: expected kubernetes, compose or dockerfile\n");
    }

    let output = probes(&["compose"], &[("HEALTH_CHECK_RETRIES", "0")]).await;

    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("HEALTH_CHECK_RETRIES"), "{told}");
}
