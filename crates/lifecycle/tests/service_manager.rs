//! What systemd hears of a service, through the variables that it sets: the child is an ignored test of this binary.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "support/service.rs"]
mod service;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::park_timeout,
    time::Duration,
};

use groundcrew_base::Verdict;
use groundcrew_envcfg::Config as _;
use groundcrew_lifecycle::{Lifecycle, LifecycleConfig, Phase};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{net::UnixDatagram, runtime::Handle, time::timeout};

use crate::service::{Service, leave};

/// The child's side of a [`Manager`].
struct Wishes(PathBuf);

impl Wishes {
    /// The child works in the directory of its manager.
    fn of(config: &LifecycleConfig) -> Self {
        let socket = Path::new(config.notify_socket.as_deref().unwrap());
        Self(socket.parent().unwrap().to_owned())
    }

    fn has(&self, wish: &str) -> bool {
        self.0.join(wish).exists()
    }
}

const WORKERS: usize = 2;
const WATCHDOG: Duration = Duration::from_millis(200);

#[test]
#[ignore = "a child of the other tests"]
fn child_of_a_manager() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    let exit = runtime.block_on(async {
        let config = LifecycleConfig::from_env().unwrap();
        let wishes = Wishes::of(&config);
        let lifecycle = Lifecycle::builder().config(config).start().unwrap();
        let database = Wishes(wishes.0.clone());
        lifecycle.require("database", move || {
            println!("asked");
            let verdict = if database.has("database") {
                Verdict::healthy()
            } else {
                Verdict::unhealthy("connection refused")
            };
            async { verdict }
        });
        let (blocked, handle) = (lifecycle.clone(), Handle::current());
        let thread = std::thread::spawn(move || block_on_wish(&blocked, &handle, &wishes.0));
        lifecycle.ready().await.unwrap();
        let exit = lifecycle.run().await;
        thread.join().unwrap();
        exit
    });
    leave(exit);
}

/// Blocks every worker as long as the test wants it to. A blocked worker may keep tasks from the others: it takes as many
/// as it takes.
fn block_on_wish(lifecycle: &Lifecycle, handle: &Handle, wishes: &Path) {
    let block = wishes.join("block");
    while !block.exists() && lifecycle.phase() < Phase::Draining {
        park_timeout(Duration::from_millis(5));
    }
    let context = handle.enter();
    let blocked = Arc::new(AtomicUsize::new(0));
    while blocked.load(Ordering::Relaxed) < WORKERS && lifecycle.phase() < Phase::Draining {
        let (block, blocked) = (block.clone(), Arc::clone(&blocked));
        lifecycle.spawn("blocker", async move {
            blocked.fetch_add(1, Ordering::Relaxed);
            while block.exists() {
                park_timeout(Duration::from_millis(5));
            }
        });
        park_timeout(Duration::from_millis(5));
    }
    drop(context);
    println!("blocked");
}

/// What has started the service and is told how it goes.
struct Manager {
    directory: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        Self { directory, socket }
    }

    fn start(&self, name: &str) -> Service {
        let socket = self.directory.path().join("notify");
        let watchdog = WATCHDOG.as_micros().to_string();
        let variables = [
            ("NOTIFY_SOCKET", socket.as_os_str()),
            ("WATCHDOG_USEC", OsStr::new(&watchdog)),
            // Of the manager of these tests, if they have one.
            ("WATCHDOG_PID", OsStr::new("")),
            ("DRAIN_DELAY", OsStr::new("0.1")),
            ("SHUTDOWN_TIMEOUT", OsStr::new("4")),
            ("STOP_TIMEOUT", OsStr::new("2")),
        ];
        Service::start_with(name, variables)
    }

    fn wish(&self, wish: &str) {
        std::fs::write(self.directory.path().join(wish), "").unwrap();
    }

    fn take_back(&self, wish: &str) {
        std::fs::remove_file(self.directory.path().join(wish)).unwrap();
    }

    fn waiting(&self) -> Option<String> {
        let mut buffer = [0; 256];
        let read = self.socket.try_recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..read]).into_owned())
    }

    async fn told(&self) -> String {
        let mut buffer = [0; 256];
        let read = timeout(Duration::from_secs(20), self.socket.recv(&mut buffer)).await;
        String::from_utf8_lossy(&buffer[..read.expect("it is told").unwrap()]).into_owned()
    }

    /// The next thing told that is no sign of life.
    async fn told_of_a_phase(&self) -> String {
        loop {
            let told = self.told().await;
            if told != SIGN_OF_LIFE {
                return told;
            }
        }
    }
}

const SIGN_OF_LIFE: &str = "WATCHDOG=1";

#[tokio::test]
async fn a_service_is_ready_with_its_dependencies_and_says_when_it_stops() {
    let manager = Manager::new();
    let mut service = manager.start("child_of_a_manager");
    for _ in 0..3 {
        service.says("asked").await;
    }
    assert_eq!(manager.waiting(), None, "it waits for its database");

    manager.wish("database");
    assert_eq!(manager.told().await, "READY=1\nSTATUS=ready");
    for _ in 0..3 {
        assert_eq!(manager.told().await, SIGN_OF_LIFE);
    }
    service.signal(Signal::TERM);

    assert_eq!(
        manager.told_of_a_phase().await,
        // All that a stop may take: 0.1 s + 4 s + 2 s, and 2 s for the end of `main`.
        "STOPPING=1\nEXTEND_TIMEOUT_USEC=8100000\nSTATUS=draining"
    );
    assert_eq!(manager.told_of_a_phase().await, "STATUS=stopping");
    assert_eq!(manager.told_of_a_phase().await, "STATUS=stopped");
    assert_eq!(service.exit().await.code(), Some(0));
}

#[tokio::test]
async fn there_is_no_sign_of_life_while_every_worker_is_blocked() {
    let manager = Manager::new();
    manager.wish("database");
    let mut service = manager.start("child_of_a_manager");
    assert_eq!(manager.told().await, "READY=1\nSTATUS=ready");
    assert_eq!(manager.told().await, SIGN_OF_LIFE);

    manager.wish("block");
    service.says("blocked").await;
    while manager.waiting().is_some() {}
    tokio::time::sleep(WATCHDOG * 5).await;
    let mut signs = 0;
    while manager.waiting().is_some() {
        signs += 1;
    }
    manager.take_back("block");

    // One may have been on its way when the last worker was blocked.
    assert!(signs <= 1, "{signs} signs of life from nobody");
    for _ in 0..3 {
        assert_eq!(manager.told().await, SIGN_OF_LIFE);
    }
    service.signal(Signal::TERM);
    assert_eq!(service.exit().await.code(), Some(0));
}
