use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use groundcrew_health::{
    Detail, Health, HealthConfig, ProbeListener, Registration, Status, Verdict,
    checks::{Blocking, DiskCheck, RuntimeCheck},
};
use groundcrew_testkit::{Lateness, eventually};
use tokio::runtime::{Builder, Runtime};

use super::*;

const WORKERS: usize = 2;

/// The contract of a probe while every worker is blocked.
const BLOCKED_P99: Duration = Duration::from_millis(20);

/// Threads that have nothing to do end before they are needed again.
fn runtime(name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(WORKERS)
        .thread_name(name.to_owned())
        .thread_keep_alive(Duration::from_millis(5))
        .enable_all();
    builder.build().unwrap()
}

/// Blocks so many workers until the sender is dropped.
fn block(runtime: &Runtime, workers: usize) -> mpsc::Sender<()> {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, (tell, told)) = (Arc::new(Mutex::new(blocked)), mpsc::channel());
    for _ in 0..workers {
        let (blocked, tell) = (Arc::clone(&blocked), tell.clone());
        runtime.spawn(async move {
            tell.send(()).unwrap();
            // The second waits for the first to let go of the lock, which blocks as well.
            assert!(blocked.lock().unwrap().recv().is_err());
        });
    }
    for _ in 0..workers {
        told.recv_timeout(LIMIT).unwrap();
    }
    release
}

/// The nearest rank: the least of these that 99 % of them do not exceed.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// A round is late only for as long as the machine was, and does not count.
fn blocked_p99(address: SocketAddr) {
    let mut late = Vec::new();
    loop {
        let lateness = Lateness::watch();
        let p99 = p99((0..1000).map(|_| ask(address, "/api/health").1).collect());
        let waited = lateness.so_far();
        eprintln!(
            "probe p99 with every worker blocked: {p99:?}, bar {BLOCKED_P99:?}, the machine was late for {waited:?}"
        );
        if p99 <= BLOCKED_P99 {
            return;
        }
        assert!(
            p99 <= BLOCKED_P99 + waited,
            "{p99:?}, the machine was late for {waited:?} only"
        );
        late.push((p99, waited));
        assert!(late.len() < 5, "{late:?}");
    }
}

#[test]
fn probes_are_answered_while_every_worker_is_blocked_and_what_is_stale_is_not_green() {
    let runtime = runtime("blocked");
    let entered = runtime.enter();
    let mut config = HealthConfig::default();
    (config.interval, config.deadline) = (Duration::from_millis(50), Duration::from_millis(100));
    config.stall_limit = Duration::from_secs(2);
    let fine = || async { Verdict::healthy() };
    let health = Health::builder("1")
        .config(config)
        .check("database", fine)
        .start()
        .unwrap();
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
    drop(entered);
    runtime.block_on(eventually(LIMIT, "ready", async || health.readiness().ok()));
    let address = probes.address();
    runtime.block_on(eventually(LIMIT, "ready from outside", async || {
        (ask(address, "/readyz").0 == 200).then_some(())
    }));

    let release = block(&runtime, WORKERS);
    let began = Instant::now();
    blocked_p99(address);

    // Nobody runs the checks any more, and the runtime does not turn.
    while ask(address, "/readyz").0 == 200 || ask(address, "/livez").0 == 200 {
        assert!(began.elapsed() < LIMIT * 4, "still green");
    }
    let report = health.report();
    assert_eq!(report.check("database").unwrap().status(), Status::Unknown);
    assert_eq!(ask(address, "/startupz").0, 200);

    drop(release);
    runtime.block_on(eventually(LIMIT, "ready again", async || health.readiness().ok()));
    assert_eq!(ask(address, "/livez").0, 200);
}

/// A service that asks itself how long a task waits for a worker.
fn watched(stall_limit: Duration) -> Health {
    let mut config = HealthConfig::default();
    (config.interval, config.retry) = (Duration::from_millis(50), Duration::from_millis(50));
    config.stall_limit = stall_limit;
    let limits = RuntimeCheck::new().limits(Duration::from_millis(900), Duration::from_secs(1));
    let runtime = Registration::new("runtime", limits).deadline(Duration::from_secs(60));
    Health::builder("1")
        .config(config)
        .register(runtime)
        .start()
        .unwrap()
}

fn runtime_is(health: &Health, expected: Status) -> Option<Verdict> {
    let report = health.report();
    let check = report.check("runtime")?;
    (check.status() == expected).then(|| check.verdict.clone())
}

#[test]
fn a_block_of_all_workers_is_told_when_it_is_over_however_many_there_are() {
    let mut flavours = [Builder::new_current_thread(), Builder::new_multi_thread()];
    flavours[1].worker_threads(WORKERS);
    for mut builder in flavours {
        let runtime = builder.enable_all().build().unwrap();
        let health = runtime.block_on(async { watched(LIMIT * 10) });
        runtime.block_on(eventually(LIMIT, "turns", async || {
            runtime_is(&health, Status::Healthy).map(drop)
        }));

        let many = runtime.metrics().num_workers() > 1;
        let (began, release) = (Instant::now(), many.then(|| block(&runtime, WORKERS)));
        // Nothing runs on a runtime of one thread while nobody is in it.
        while health.stats().stalled < Duration::from_millis(1500) {
            assert!(began.elapsed() < LIMIT, "never seen to stall");
        }
        drop(release);

        let verdict = runtime.block_on(eventually(LIMIT, "told", async || {
            runtime_is(&health, Status::Unhealthy)
        }));
        let waited = match verdict.details().find("delayMs") {
            Some(Detail::Float(millis)) => *millis,
            other => panic!("{other:?}"),
        };
        assert!((1000.0..15_000.0).contains(&waited), "{verdict:?}");
        assert!(verdict.reason().unwrap().contains(" waited for "), "{verdict:?}");
        runtime.block_on(eventually(LIMIT * 4, "turns again", async || {
            runtime_is(&health, Status::Healthy).map(drop)
        }));
    }
}

/// How long the machine was late while one worker of several was blocked, if the runtime was said to stall.
fn stall(runtime: &Runtime, health: &Health, stall_limit: Duration) -> Option<Duration> {
    let release = block(runtime, WORKERS - 1);
    let (lateness, began) = (Lateness::watch(), Instant::now());
    let (mut turned, mut gap) = (began, Duration::ZERO);
    let mut is_alive = true;
    while is_alive && began.elapsed() < stall_limit * 2 {
        is_alive = health.liveness().is_ok();
        thread::park_timeout(Duration::from_millis(1));
        gap = gap.max(turned.elapsed());
        turned = Instant::now();
    }
    drop(release);
    (!is_alive).then(|| lateness.so_far() + gap)
}

#[test]
fn one_blocked_worker_of_several_is_no_stall() {
    let runtime = runtime("one");
    let stall_limit = Duration::from_secs(2);
    let health = runtime.block_on(async { watched(stall_limit) });
    let turns = async || runtime_is(&health, Status::Healthy).map(drop);
    runtime.block_on(eventually(LIMIT, "turns", turns));

    let (mut good, mut late) = (0, Vec::new());
    while good < 3 {
        let Some(waited) = stall(&runtime, &health, stall_limit) else {
            good += 1;
            continue;
        };
        assert!(
            waited >= stall_limit / 2,
            "the machine was late for {waited:?} only"
        );
        late.push(waited);
        assert!(late.len() < 3, "{late:?}");
        runtime.block_on(eventually(LATE, "turns again", async || health.liveness().ok()));
    }
    runtime.block_on(eventually(LATE, "turns still", turns));
}

/// The threads of this process with that name.
fn threads(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|comm| comm.trim_end() == name).count()
}

/// A check that never comes back, how often it was called, and what lets it go.
fn stuck() -> (Blocking, Arc<AtomicU32>, mpsc::Sender<()>) {
    let (release, blocked) = mpsc::channel::<()>();
    let (blocked, calls) = (Mutex::new(blocked), Arc::new(AtomicU32::new(0)));
    let count = Arc::clone(&calls);
    let stuck = Blocking::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        assert!(blocked.lock().unwrap().recv().is_err());
        Verdict::healthy()
    });
    (stuck, calls, release)
}

fn misbehaving(stuck: Blocking) -> Health {
    let mut config = HealthConfig::default();
    (config.interval, config.retry) = (Duration::from_millis(20), Duration::from_millis(20));
    config.deadline = Duration::from_millis(40);
    let disk = DiskCheck::paths(["/"]).thresholds(never());
    Health::builder("1")
        .config(config)
        .register(Registration::new("stuck", stuck).optional())
        .register(Registration::new("hanging", std::future::pending).optional())
        .register(Registration::new("panicking", || async { panic!("no") }).optional())
        // However busy the machine is.
        .register(Registration::new("disk_space", disk).deadline(LATE))
        .start()
        .unwrap()
}

#[test]
fn a_check_that_blocks_for_ever_takes_one_thread_and_the_others_go_on() {
    let runtime = runtime("leaky");
    let _entered = runtime.enter();
    let (stuck, calls, release) = stuck();
    let health = misbehaving(stuck);
    let runs = |name: &str| {
        let stats = health.stats().checks;
        stats.into_iter().find(|check| &*check.name == name).unwrap().runs
    };

    runtime.block_on(eventually(LATE, "50 runs each", async || {
        let names = ["stuck", "hanging", "panicking", "disk_space"];
        names.iter().all(|name| runs(name) >= 50).then_some(())
    }));

    let expected = [
        Status::Unknown,
        Status::Unknown,
        Status::Unhealthy,
        Status::Healthy,
    ];
    runtime.block_on(eventually(LATE, "each as it is", async || {
        let report = health.report();
        let status = |name: &str| report.check(name).unwrap().status();
        let are = ["stuck", "hanging", "panicking", "disk_space"].map(status);
        (are == expected && health.readiness().is_ok()).then_some(())
    }));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    // The workers, the one that is stuck, and one for the disk; one more may be on its way to rest.
    runtime.block_on(eventually(LATE, "no thread is lost", async || {
        (threads("leaky") <= WORKERS + 2).then_some(())
    }));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    drop(release);
}

fn never() -> groundcrew_health::checks::Thresholds {
    groundcrew_health::checks::Thresholds::new(100.0, 100.0).unwrap()
}
