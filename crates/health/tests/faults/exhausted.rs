use std::{fs::File, process::Stdio, sync::mpsc, thread};

use axum::{Router, routing::get};
use groundcrew_base::ByteSize;
use groundcrew_health::{
    Check, Detail, Health, ProbeListener, Registration, Status, Verdict,
    checks::{DescriptorCheck, DiskCheck},
};
use groundcrew_testkit::{eventually, small_disk};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::Command,
};

use super::*;

#[tokio::test]
async fn a_disk_that_fills_up_is_seen_and_so_is_its_room() {
    let disk = small_disk(ByteSize::mib(4)).await.unwrap();
    let check = DiskCheck::paths([disk.path()]);
    let fine = check.run().await;
    assert_eq!(fine.status(), Status::Healthy, "{fine:?}");
    assert_eq!(fine.details().find("totalBytes"), Some(&Detail::UInt(4 << 20)));

    let file = disk.path().join("log");
    fs::write(&file, vec![0; 85 * (4 << 20) / 100]).unwrap();
    assert_eq!(check.run().await.status(), Status::Degraded);
    assert!(fs::write(&file, vec![0; 5 << 20]).is_err());
    let full = check.run().await;
    assert_eq!(full.status(), Status::Unhealthy);
    assert_eq!(full.details().find("freeBytes"), Some(&Detail::UInt(0)));
    assert!(full.reason().unwrap().ends_with(" 100.0 % full"), "{full:?}");
    fs::remove_file(&file).unwrap();
    assert_eq!(check.run().await.status(), Status::Healthy);
}

#[tokio::test]
async fn probes_and_checks_go_on_without_a_file_descriptor_left() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "exhausted::child_without_descriptors",
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address: SocketAddr = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some((_, address)) = line.split_once("exhausted at ") {
            break address.parse().unwrap();
        }
    };

    // Each holds one of the last descriptors and says nothing.
    let connect = |_| std::net::TcpStream::connect(address).unwrap();
    let silent: Vec<_> = (0..20).map(connect).collect();
    let answers = tokio::task::spawn_blocking(move || {
        let paths = ["/livez", "/readyz", "/healthz/descriptors", "/livez"];
        (0..ROUNDS)
            .map(|_| paths.map(|path| ask(address, path).0))
            .collect::<Vec<_>>()
    });

    assert_eq!(answers.await.unwrap(), [[200, 200, 503, 200]; ROUNDS]);
    drop(silent);
    child.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    let line = lines.next_line().await.unwrap();
    assert_eq!(line.as_deref(), Some("recovered"));
}

const ROUNDS: usize = 10;

/// Opens files until there are none left and takes each that comes free, as a service under load does; closes them once it is
/// told to.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn child_without_descriptors() {
    let limit = Rlimit {
        current: Some(128),
        maximum: Some(128),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let health = Health::builder("1")
        .check("fine", || async { Verdict::healthy() })
        .register(Registration::new("descriptors", DescriptorCheck::new()).optional())
        .start()
        .unwrap();
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
    let status = |health: &Health| health.report().check("descriptors").map(|check| check.status());
    runtime.block_on(eventually(LIMIT, "healthy", async || {
        (status(&health) == Some(Status::Healthy)).then_some(())
    }));

    let (end, ended) = mpsc::channel();
    let thief = thread::spawn(move || {
        let mut files = Vec::new();
        while ended.recv_timeout(Duration::from_millis(1)).is_err() {
            files.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
        }
    });
    runtime.block_on(eventually(LIMIT, "unhealthy", async || {
        (status(&health) == Some(Status::Unhealthy)).then_some(())
    }));
    println!("\nexhausted at {}", probes.address());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    end.send(()).unwrap();
    thief.join().unwrap();
    runtime.block_on(eventually(LIMIT, "healthy again", async || {
        (status(&health) == Some(Status::Healthy)).then_some(())
    }));
    println!("recovered");
}

/// Hundredths of a second that the thread of this name has worked.
fn worked(process: u32, thread: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let stat = stats
        .into_iter()
        .find(|stat| stat.contains(&format!("({thread})")));
    let stat = stat.expect("the thread is there");
    // User and system time are the twelfth and thirteenth behind the name.
    let times = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(11)
        .take(2);
    times.map(|time| time.parse::<u64>().unwrap()).sum()
}

/// Clients that wait for long answers have the last descriptors, so nobody can be sent away for who comes next.
#[tokio::test]
async fn a_listener_that_cannot_accept_does_not_spin_and_answers_when_it_can() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "exhausted::child_with_long_answers",
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address: SocketAddr = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some((_, address)) = line.split_once("exhausted at ") {
            break address.parse().unwrap();
        }
    };
    let mut held = Vec::new();
    loop {
        let mut client = TcpStream::connect(address).await.unwrap();
        client
            .write_all(b"GET /never HTTP/1.1\r\nhost: probes\r\n\r\n")
            .await
            .unwrap();
        held.push(client);
        // The first that is not asked has found no descriptor.
        let asked = tokio::time::timeout(LIMIT, lines.next_line()).await;
        let Ok(asked) = asked else { break };
        assert_eq!(asked.unwrap().as_deref(), Some("asked"));
    }
    assert!(held.len() > 1);
    let waiting = tokio::task::spawn_blocking(move || ask(address, "/livez"));

    let process = child.id().unwrap();
    let before = worked(process, "probes");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let spent = worked(process, "probes") - before;

    eprintln!("a listener without descriptors worked for {spent}0 ms in 2 s");
    assert!(spent < 10, "{spent}0 ms");
    assert!(!waiting.is_finished());
    drop(held);
    assert_eq!(waiting.await.unwrap().0, 200);
    child.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    assert!(child.wait().await.unwrap().success());
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn child_with_long_answers() {
    let limit = Rlimit {
        current: Some(64),
        maximum: Some(64),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let health = Health::builder("1").start().unwrap();
    let never = || {
        println!("asked");
        std::future::pending::<()>()
    };
    let router = health.router().merge(Router::new().route("/never", get(never)));
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), router).unwrap();
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    println!("\nexhausted at {}", probes.address());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    drop(files);
}
