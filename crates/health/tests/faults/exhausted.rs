use std::{fs::File, process::Stdio, sync::mpsc, thread};

use groundcrew_base::ByteSize;
use groundcrew_health::{
    Check, Detail, Health, ProbeListener, Registration, Status, Verdict,
    checks::{DescriptorCheck, DiskCheck},
};
use groundcrew_testkit::{eventually, small_disk};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
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
