//! No server and no directory outlives the process that started it, however that process ends.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use groundcrew_testkit::eventually;

/// Starts the helper program and answers it when its servers run.
fn start(arguments: &[&str]) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_testkit-servers"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the helper program");
    let output = child.stdout.take().expect("piped above");
    let ready = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .any(|line| line == "READY");
    assert!(ready, "the helper program did not get ready: {:?}", child.wait());
    child
}

fn directories(child: &Child) -> Vec<PathBuf> {
    let prefix = format!("testkit-{}-", child.id());
    fs::read_dir(std::env::temp_dir())
        .expect("the temporary directory")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        })
        .collect()
}

/// The processes that work in one of the helper's directories, whatever parent they have by now.
fn servers(child: &Child) -> Vec<u32> {
    let prefix = std::env::temp_dir().join(format!("testkit-{}-", child.id()));
    let prefix = prefix.to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            fs::read_link(format!("/proc/{pid}/cwd"))
                .is_ok_and(|cwd| cwd.to_string_lossy().starts_with(&prefix))
        })
        .collect()
}

async fn nothing_is_left_within_a_second(mut child: Child, directories_before: usize, servers_before: usize) {
    assert_eq!(directories(&child).len(), directories_before);
    assert!(servers(&child).len() >= servers_before, "{:?}", servers(&child));

    child.kill().expect("SIGKILL");

    all_goes_within_a_second(child).await;
}

async fn all_goes_within_a_second(mut child: Child) {
    child.wait().expect("its end");
    eventually(
        Duration::from_secs(1),
        "the end of servers and directories",
        async || (servers(&child).is_empty() && directories(&child).is_empty()).then_some(()),
    )
    .await;
}

#[tokio::test]
async fn nothing_is_left_a_second_after_sigkill() {
    let child = start(&["postgres", "redis", "cluster", "s3"]);

    // The postmaster with its five background processes, Redis, and three masters.
    nothing_is_left_within_a_second(child, 4, 10).await;
}

#[tokio::test]
async fn nothing_is_left_of_frozen_servers_a_second_after_sigkill() {
    let child = start(&["postgres", "redis", "cluster", "paused"]);

    nothing_is_left_within_a_second(child, 3, 10).await;
}

#[tokio::test]
async fn nothing_is_left_a_second_after_an_interrupt() {
    let child = start(&["postgres", "redis"]);
    let pid = child.id().to_string();

    let sent = Command::new("/bin/sh")
        .args(["-c", "kill -INT $1", "sh", &pid])
        .status()
        .expect("kill");
    assert!(sent.success());

    all_goes_within_a_second(child).await;
}

#[tokio::test]
async fn nothing_is_left_when_the_program_ends_in_good_order() {
    let mut child = start(&["postgres", "redis", "s3"]);

    drop(child.stdin.take());
    let status = child.wait().expect("its end");

    assert!(status.success());
    assert_eq!(servers(&child), Vec::<u32>::new());
    assert_eq!(directories(&child), Vec::<PathBuf>::new());
}
