//! Processes that log and are killed at random moments: every line that was logged is in the files, whole.

use std::{
    collections::HashMap,
    env,
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _, stdin},
    ops::AddAssign,
    os::unix::{fs::FileExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio, abort, exit},
    thread,
    time::{Duration, Instant},
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, Logging, LoggingConfig, Overflow};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tracing::{error, info};
use tracing_subscriber::Registry;

use crate::{
    campaign,
    capture::{DEADLINE, parse},
    process::child,
};

const THREADS: usize = 3;
const DIRECTORY: &str = "CAMPAIGN_DIRECTORY";
const RUN: &str = "CAMPAIGN_RUN";
const FEW_FILES: &str = "CAMPAIGN_FEW_FILES";

fn config(directory: &Path) -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.dir = Some(directory.to_owned());
    config.crash_safe = true;
    config.queue_size = ByteSize::kib(512);
    config.max_line = ByteSize::kib(16);
    config.max_size = ByteSize::kib(300);
    config.error_max_size = ByteSize::kib(100);
    config.max_files = 100_000;
    config.error_max_files = 100_000;
    config
}

/// The same where full files are compressed and soon removed.
#[cfg(feature = "zstd")]
fn config_of_few_files(directory: &Path) -> LoggingConfig {
    let mut config = config(directory);
    config.max_files = 2;
    config.error_max_files = 2;
    config.compress = groundcrew_logging::Compress::Zstd;
    config
}

#[cfg(not(feature = "zstd"))]
fn config_of_few_files(directory: &Path) -> LoggingConfig {
    config(directory)
}

/// Logs numbered lines from some threads for ever, and notes each after it was logged.
#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_logs_until_it_dies() {
    let directory = PathBuf::from(env::var_os(DIRECTORY).unwrap());
    let run: u64 = env::var_os(RUN).unwrap().to_str().unwrap().parse().unwrap();
    let progress = OpenOptions::new()
        .write(true)
        .open(progress_path(&directory, run))
        .unwrap();
    let mut config = match env::var_os(FEW_FILES) {
        Some(_) => config_of_few_files(&directory),
        None => config(&directory),
    };
    if run % 2 == 1 {
        config.overflow = Overflow::BlockFor(DEADLINE);
    }
    let logging = Logging::builder().config(config).init().unwrap();
    for worker in 0..THREADS {
        let progress = progress.try_clone().unwrap();
        thread::spawn(move || log_for_ever(run, worker, &progress));
    }
    let mut order = [0];
    stdin().read_exact(&mut order).unwrap();
    match order[0] {
        b'a' => abort(),
        b'e' =>
        {
            #[expect(clippy::exit, reason = "one of the ways to die without a flush")]
            exit(3)
        }
        _ => panic!("on the order of the test: {:?}", logging.stats().lines.written),
    }
}

fn log_for_ever(run: u64, worker: usize, progress: &File) {
    let padding = "x".repeat(20 + 200 * worker);
    for n in 0_u64.. {
        if n.is_multiple_of(10) {
            error!(run, worker, n, padding, "counted");
        } else {
            info!(
                run,
                worker,
                n,
                padding,
                replayed = "a name that the mark has too",
                "counted"
            );
        }
        let known = (n + 1).to_ne_bytes();
        progress.write_all_at(&known, 8 * worker as u64).unwrap();
    }
}

fn progress_path(directory: &Path, run: u64) -> PathBuf {
    directory.join(format!("progress-{run}"))
}

fn progress(directory: &Path, run: u64) -> Vec<u64> {
    let bytes = fs::read(progress_path(directory, run)).unwrap();
    let words = bytes.chunks_exact(8);
    words
        .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Death {
    Kill,
    Segv,
    Abort,
    Exit,
    Panic,
}

const DEATHS: [Death; 5] = [Death::Kill, Death::Segv, Death::Abort, Death::Exit, Death::Panic];

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    kills: u64,
    logged: u64,
    lines: u64,
    lost: u64,
    torn: u64,
    duplicates: u64,
    replayed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.logged += other.logged;
        self.lines += other.lines;
        self.lost += other.lost;
        self.torn += other.torn;
        self.duplicates += other.duplicates;
        self.replayed += other.replayed;
    }
}

#[test]
fn no_line_is_lost_or_torn_whatever_kills_the_process() {
    let rounds = campaign::rounds(200, 10);
    let seed = campaign::seed("crash_campaign", 20_261_122);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tallies: HashMap<Death, Tally> = HashMap::new();
    let mut all = Tally::default();

    for round in 0..rounds {
        let death = DEATHS[round % DEATHS.len()];
        let tally = one_round(&mut random, death);
        assert_eq!(
            (tally.lost, tally.torn),
            (0, 0),
            "round {round}, {death:?}: {tally:?}"
        );
        *tallies.entry(death).or_default() += tally;
        all += tally;
    }

    for death in DEATHS {
        eprintln!("{death:?}: {:?}", tallies[&death]);
    }
    eprintln!("seed {seed}: {all:?}");
    assert!(all.logged > 0 && all.replayed > 0, "{all:?}");
}

/// Kills a process once, or again while it makes up for the first time, and looks what the files say.
fn one_round(random: &mut fastrand::Rng, death: Death) -> Tally {
    let dir = TempDir::new().unwrap();
    let mut runs = 1;
    kill_one(random, dir.path(), 0, death, 60_000);
    while random.u8(..3) == 0 && runs < 4 {
        // Soon: while the next process reads what the first has left.
        kill_one(random, dir.path(), runs, Death::Kill, 15_000);
        runs += 1;
    }
    let (_, logging) = Logging::builder()
        .config(config(dir.path()))
        .build::<Registry>()
        .unwrap();
    assert!(logging.shutdown(DEADLINE).is_clean());

    let mut tally = Tally {
        kills: runs,
        ..Tally::default()
    };
    check(dir.path(), "combined", 1, runs, &mut tally);
    check(dir.path(), "error", 10, runs, &mut tally);
    tally
}

fn kill_one(random: &mut fastrand::Rng, directory: &Path, run: u64, death: Death, longest_micros: u64) {
    fs::write(progress_path(directory, run), [0; 8 * THREADS]).unwrap();
    let mut process = child("crash_campaign::child_logs_until_it_dies");
    if directory.ends_with(FEW_FILES) {
        process.env(FEW_FILES, "1");
    }
    let mut process = process
        .env(DIRECTORY, directory)
        .env(RUN, run.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    if run == 0 {
        while progress(directory, run).contains(&0) {
            assert!(start.elapsed() < DEADLINE, "it does not start");
            nap(Duration::from_micros(200));
        }
    } else {
        let ring = directory.join("log.ring");
        assert!(ring.exists());
        nap(Duration::from_millis(2));
    }
    nap(Duration::from_micros(random.u64(..longest_micros)));
    let status = kill(&mut process, death);
    match death {
        Death::Kill => assert_eq!(status.signal(), Some(9)),
        Death::Segv => assert_eq!(status.signal(), Some(11)),
        Death::Abort => assert_eq!(status.signal(), Some(6)),
        Death::Exit => assert_eq!(status.code(), Some(3)),
        Death::Panic => assert_eq!(status.code(), Some(101)),
    }
}

fn kill(process: &mut Child, death: Death) -> ExitStatus {
    let order = match death {
        Death::Kill | Death::Segv => None,
        Death::Abort => Some(b"a"),
        Death::Exit => Some(b"e"),
        Death::Panic => Some(b"p"),
    };
    if let Some(order) = order {
        process.stdin.take().unwrap().write_all(order).unwrap();
        return process.wait().unwrap();
    }
    let signal = if death == Death::Kill {
        Signal::KILL
    } else {
        Signal::SEGV
    };
    let pid = Pid::from_child(process);
    // The first SIGSEGV only makes the standard library restore its default.
    loop {
        kill_process(pid, signal).unwrap();
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        nap(Duration::from_millis(1));
    }
}

fn nap(time: Duration) {
    thread::park_timeout(time);
}

/// What each worker of each run counted, as it stands in files.
type Counted = HashMap<(u64, u64), Vec<u64>>;

/// Adds the lines of a file.
fn count(text: &str, tally: &mut Tally, seen: &mut Counted) {
    tally.torn += u64::from(!text.is_empty() && !text.ends_with('\n'));
    for line in parse(text) {
        tally.lines += 1;
        tally.replayed += u64::from(line.field("replayed") == true);
        if line.message() == "counted" {
            let number = |name: &str| line.field(name).as_u64().unwrap();
            let of_worker = seen.entry((number("run"), number("worker"))).or_default();
            of_worker.push(number("n"));
        }
    }
}

/// The numbers in order, each once; how many stood there twice is added.
fn distinct(mut numbers: Vec<u64>, tally: &mut Tally) -> Vec<u64> {
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    tally.duplicates += (all - numbers.len()) as u64;
    numbers
}

/// Every number that was noted stands in the files of this name, and every line is whole.
fn check(directory: &Path, name: &str, step: u64, runs: u64, tally: &mut Tally) {
    let mut seen = Counted::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file_name = path.file_name().unwrap().to_str().unwrap();
        if !file_name.starts_with(name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        count(&text, tally, &mut seen);
    }
    for run in 0..runs {
        for (worker, noted) in progress(directory, run).into_iter().enumerate() {
            let numbers = distinct(seen.remove(&(run, worker as u64)).unwrap_or_default(), tally);
            let expected = (0..noted).step_by(usize::try_from(step).unwrap());
            tally.logged += noted.div_ceil(step);
            let lost = expected.filter(|n| numbers.binary_search(n).is_err());
            tally.lost += lost.count() as u64;
        }
    }
}

/// With two files kept, the older one compressed: what stands in them are the last lines of each thread, without a
/// gap, none of them half, and none twice but by a replay.
#[cfg(feature = "zstd")]
#[test]
fn the_last_files_are_whole_though_others_are_compressed_and_removed_meanwhile() {
    let rounds = campaign::rounds(100, 5);
    let seed = campaign::seed("crash_campaign, few files", 20_261_123);
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut all, mut kills) = (Tally::default(), 0);
    for round in 0..rounds {
        let dir = TempDir::new().unwrap();
        let directory = dir.path().join(FEW_FILES);
        fs::create_dir(&directory).unwrap();
        let runs = 1 + random.u64(..3);
        for run in 0..runs {
            let (death, most) = if run == 0 {
                (DEATHS[round % DEATHS.len()], 150_000)
            } else {
                (Death::Kill, 15_000)
            };
            kill_one(&mut random, &directory, run, death, most);
        }
        kills += runs;
        let built = Logging::builder()
            .config(config_of_few_files(&directory))
            .build::<Registry>();
        assert!(built.unwrap().1.shutdown(DEADLINE).is_clean());
        let tally = check_last_files(&directory, runs);
        assert_eq!((tally.lost, tally.torn), (0, 0), "round {round}: {tally:?}");
        assert!(tally.duplicates <= tally.replayed, "round {round}: {tally:?}");
        all += tally;
    }
    eprintln!("few files, seed {seed}, {kills} kills: {all:?}");
    assert!(all.lines > 0);
}

/// What the two files of the last lines say.
#[cfg(feature = "zstd")]
fn check_last_files(directory: &Path, runs: u64) -> Tally {
    let mut tally = Tally::default();
    let mut seen = Counted::new();
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().path());
    let is_combined = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("combined")
    };
    let paths: Vec<PathBuf> = names.filter(is_combined).collect();
    assert!(paths.len() <= 2, "{paths:?}");
    for path in paths {
        let text = crate::folder::text(&path);
        count(&text, &mut tally, &mut seen);
    }
    for run in 0..runs {
        for (worker, noted) in progress(directory, run).into_iter().enumerate() {
            let numbers = distinct(seen.remove(&(run, worker as u64)).unwrap_or_default(), &mut tally);
            let Some(first) = numbers.first().copied() else {
                continue;
            };
            let last = numbers
                .last()
                .copied()
                .unwrap_or_default()
                .max(noted.saturating_sub(1));
            tally.logged += noted;
            tally.lost += last + 1 - first - numbers.len() as u64;
        }
    }
    tally
}
