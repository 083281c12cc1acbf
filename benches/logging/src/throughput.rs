//! Two threads log into a file: what the whole process costs, the thread that writes too.
//!
//! Each candidate runs in processes of its own, in turns; the least of the rounds counts.

use std::{
    env,
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use groundcrew_logging::{Format, Logging, LoggingConfig, Redactor};
use harness::{Kind, Row};
use rustix::time::{ClockId, clock_gettime};
use tracing::{Dispatch, dispatcher, level_filters::LevelFilter};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{Registry, fmt, layer::SubscriberExt as _};

use crate::scenario::Scenario;

/// The argument that makes this process a candidate.
const ARGUMENT: &str = "--throughput";
const THREADS: u64 = 2;
const EVENTS: u64 = 60_000;
const ROUNDS: usize = 7;

/// Runs one candidate, if that is what this process was started for.
pub(crate) fn candidate() -> Option<ExitCode> {
    let mut arguments = env::args().skip_while(|argument| argument != ARGUMENT).skip(1);
    let (name, directory) = (arguments.next()?, arguments.next()?);
    let (_, run) = CANDIDATES.iter().find(|(known, _)| *known == name)?;
    let before = cpu_nanos();
    run(Path::new(&directory));
    println!("{}", cpu_nanos() - before);
    Some(ExitCode::SUCCESS)
}

/// The rows of all candidates.
pub(crate) fn rows() -> Vec<Row> {
    let mut least = [f64::INFINITY; CANDIDATES.len()];
    for _ in 0..ROUNDS {
        for (at, (name, _)) in CANDIDATES.iter().enumerate() {
            least[at] = least[at].min(nanos_per_event(name));
        }
    }
    let [ours, ring, encoding, json, best, appender] = least;
    let row = |name: &str, ours: f64, (rival, rival_name): (f64, &str), bar: Option<f64>| {
        Row::relative(name, Kind::Ratio, "ns CPU/event", (ours, rival), rival_name, bar)
    };
    let json = (json, "tracing-subscriber json + tracing-appender");
    let best = (best, "tracing-subscriber json, flat + tracing-appender");
    let same = (encoding + appender, "the same encoder + tracing-appender");
    vec![
        row("file.tracing_json", ours, json, Some(5.0)),
        row("file.tracing_json_best", ours, best, None),
        row("file.crash_safe.tracing_json", ring, json, Some(5.0)),
        row("file.writer_alone", ours, same, Some(2.5)),
    ]
}

/// What a candidate does in its process, with a directory of its own.
type Run = fn(&Path);

const CANDIDATES: [(&str, Run); 6] = [
    ("ours", |directory| ours(directory, false)),
    ("ours_crash_safe", |directory| ours(directory, true)),
    ("ours_encoding", |_| {
        let mut config = LoggingConfig::default();
        config.format = Format::Off;
        log_with(config);
    }),
    ("json", |directory| {
        let (writer, guard) = appender(directory);
        let layer = fmt::layer().json().with_writer(writer);
        log_into(&Dispatch::new(
            Registry::default().with(layer).with(LevelFilter::INFO),
        ));
        drop(guard);
    }),
    ("json_best", |directory| {
        let (writer, guard) = appender(directory);
        let layer = fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(writer);
        log_into(&Dispatch::new(
            Registry::default().with(layer).with(LevelFilter::INFO),
        ));
        drop(guard);
    }),
    ("appender", |directory| {
        let (writer, guard) = appender(directory);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let mut writer = writer.clone();
                scope.spawn(move || {
                    for _ in 0..EVENTS {
                        writer.write_all(LINE).expect("the queue takes it");
                    }
                });
            }
        });
        drop(guard);
    }),
];

fn ours(directory: &Path, crash_safe: bool) {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.dir = Some(directory.to_owned());
    config.crash_safe = crash_safe;
    log_with(config);
}

fn log_with(config: LoggingConfig) {
    let builder = Logging::builder()
        .config(config)
        .redactor(Redactor::without_keys());
    let (layer, logging) = builder.build().expect("the configuration is right");
    log_into(&Dispatch::new(Registry::default().with(layer)));
    assert!(logging.shutdown(Duration::from_secs(60)).is_clean());
    assert_eq!(logging.stats().lines.dropped.total(), 0);
}

fn log_into(dispatch: &Dispatch) {
    dispatcher::set_global_default(dispatch.clone()).expect("this process sets it once");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| Scenario::Span.run(EVENTS));
        }
    });
}

/// tracing-appender with room for every line, so that it drops none.
fn appender(directory: &Path) -> (NonBlocking, WorkerGuard) {
    let file = File::create(directory.join("combined.log")).expect("the directory is there");
    NonBlockingBuilder::default().lossy(false).finish(file)
}

fn nanos_per_event(name: &str) -> f64 {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let output = Command::new(env::current_exe().expect("this program has a path"))
        .args([ARGUMENT, name])
        .arg(directory.path())
        .output()
        .expect("this program starts");
    assert!(output.status.success(), "{output:?}");
    let nanos = String::from_utf8_lossy(&output.stdout);
    let nanos: f64 = nanos.trim().parse().expect("a candidate prints its time");
    nanos / (THREADS * EVENTS) as f64
}

/// The time of all threads of this process, those that have ended too.
pub(crate) fn cpu_nanos() -> i64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// As long as a line of ours is.
const LINE: &[u8] = b"{\"timestamp\":\"2026-11-22T12:00:00.000000Z\",\"level\":\"info\",\"target\":\"bench_logging::scenario\",\"message\":\"hand dealt\",\"pot\":12.5,\"street\":\"river\",\"seats\":6,\"requestId\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"attempt\":1,\"ip\":\"192.0.2.7\",\"service\":\"unknown\",\"version\":\"unknown\",\"environment\":\"development\"}\n";
