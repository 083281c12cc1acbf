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
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
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

/// A process of its own for a test of this file: what it says from when it has no descriptor left, and where it listens.
async fn launch(test: &str) -> (Child, Lines<BufReader<ChildStdout>>, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("exhausted::{test}"),
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some((_, address)) = line.split_once("exhausted at ") {
            return (child, lines, address.parse().unwrap());
        }
    }
}

#[tokio::test]
async fn probes_and_checks_go_on_without_a_file_descriptor_left() {
    let (mut child, mut lines, address) = launch("child_without_descriptors").await;

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

/// Lets this process have so many and no more.
fn descriptors(limit: u64) {
    let limit = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Opens files until there are none left and takes each that comes free, as a service under load does; closes them once it is
/// told to.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn child_without_descriptors() {
    descriptors(128);
    let runtime = tokio::runtime::Runtime::new().unwrap();
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

/// What a thread has done.
#[derive(Clone, Copy)]
struct Done {
    /// Hundredths of a second.
    worked: u64,
    /// How often it has gone to rest.
    rested: u64,
}

impl Done {
    fn by(process: u32, thread: &str) -> Self {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
        let task = tasks
            .map(|task| task.unwrap().path())
            .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == thread))
            .expect("the thread is there");
        let stat = fs::read_to_string(task.join("stat")).unwrap();
        // User and system time are the twelfth and thirteenth behind the name.
        let times = stat.rsplit(')').next().unwrap().split_whitespace().skip(11);
        let status = fs::read_to_string(task.join("status")).unwrap();
        let mut lines = status.lines();
        let rested = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Self {
            worked: times.take(2).map(|time| time.parse::<u64>().unwrap()).sum(),
            rested: rested.unwrap().trim().parse().unwrap(),
        }
    }
}

/// Clients that wait for long answers have the last descriptors, so nobody can be sent away for who comes next.
#[tokio::test]
async fn a_listener_that_cannot_accept_does_not_spin_and_answers_when_it_can() {
    let (mut child, mut lines, address) = launch("child_with_long_answers").await;
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

    // It has work again and again, and hardly any.
    let process = child.id().unwrap();
    let before = Done::by(process, "probes");
    let worked = eventually(LATE, "it has looked", async || {
        let now = Done::by(process, "probes");
        let worked = now.worked - before.worked;
        assert!(
            worked < 10,
            "{worked}0 ms, and {} rests",
            now.rested - before.rested
        );
        (now.rested >= before.rested + 20).then_some(worked)
    })
    .await;
    eprintln!("a listener without descriptors has rested 20 times and worked for {worked}0 ms");
    assert!(!waiting.is_finished());
    drop(held);
    assert_eq!(waiting.await.unwrap().0, 200);
    child.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    assert!(child.wait().await.unwrap().success());
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn child_with_long_answers() {
    descriptors(64);
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
