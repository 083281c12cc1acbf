//! Files that really change, and a signal that is really sent.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    task::{Context, Waker},
    thread,
    time::Duration,
};

use groundcrew_envcfg::{
    Checks, Config, Dotenv, EnvSource, Secret, Sources, Value, Vars,
    reload::{ReloadError, Reloading, ReloadingBuilder},
};
use groundcrew_testkit::eventually;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::log::Log;

/// How soon a change must be in force with the intervals of these tests, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

#[derive(Debug, Config)]
#[config(check = Self::twins_agree)]
struct Settings {
    #[config(alias = "HTTP_PORT")]
    port: u16,
    #[config(default = 0)]
    twin: u16,
    auth_secret: Option<Secret>,
}

impl Settings {
    fn twins_agree(&self, checks: &mut Checks<'_, '_>) {
        assert_ne!(self.port, 13, "some libraries panic");
        if self.twin != 0 && self.twin != self.port {
            checks.add("twin", "must be the same as PORT");
        }
    }
}

/// The variables of one file, or of every file of a directory by its name.
struct Files {
    vars: Vars,
    path: PathBuf,
}

impl Files {
    fn read(path: &Path) -> Self {
        let mut vars = Vars::new();
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                if let (false, Ok(text)) = (name.starts_with('.'), fs::read_to_string(entry.path())) {
                    vars = vars.with(name, text);
                }
            }
        } else {
            let text = fs::read_to_string(path).unwrap_or_default();
            for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
                vars = vars.with(name, value);
            }
        }
        Self {
            vars,
            path: path.to_owned(),
        }
    }
}

impl EnvSource for Files {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.vars.lookup(name)
    }

    fn names(&self) -> Vec<String> {
        self.vars.names()
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}

/// Another test's signal must not count here.
fn quick(builder: ReloadingBuilder<Settings>) -> ReloadingBuilder<Settings> {
    builder
        .interval(Duration::from_millis(20))
        .settle(Duration::from_millis(20))
        .without_signal()
}

async fn watch(path: &Path) -> Reloading<Settings> {
    let path = path.to_owned();
    quick(Reloading::builder(move || Files::read(&path)))
        .start()
        .await
        .unwrap()
}

async fn port_is(settings: &Reloading<Settings>, port: u16) {
    eventually(SOON, "the new port", async || {
        (settings.current().port == port).then_some(())
    })
    .await;
}

/// The report of the last load, once it has failed.
async fn refused(settings: &Reloading<Settings>) -> String {
    eventually(SOON, "a failure", async || settings.last_error())
        .await
        .to_string()
}

struct Fixture {
    directory: TempDir,
    file: PathBuf,
}

impl Fixture {
    fn new(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join(".env");
        fs::write(&file, text).unwrap();
        Self { directory, file }
    }

    /// As editors save.
    fn rename_over(&self, text: &str) {
        let new = self.directory.path().join(".env.swp");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.file).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_written_or_replaced_takes_effect() {
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;
    let mut changes = settings.changes();

    fs::write(&fixture.file, "PORT=2000").unwrap();
    assert_eq!(changes.next().await.unwrap().port, 2000);
    fixture.rename_over("PORT=3000");
    assert_eq!(changes.next().await.unwrap().port, 3000);

    assert_eq!(settings.current().port, 3000);
    let stats = settings.stats();
    assert_eq!((stats.reloads, stats.failures, stats.is_stale), (2, 0, false));
}

#[tokio::test]
async fn an_invalid_file_keeps_the_old_configuration_and_says_so() {
    let (log, _guard) = Log::of_this_thread();
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;

    fixture.rename_over("PORT=80x\nAUTH_SECRET=canary-hunter2");
    let report = refused(&settings).await;

    let expected = "configuration is invalid: 1 problem\n  \
                    PORT = \"80x\": expected a whole number from 0 to 65535 (from given)";
    assert_eq!(report, expected);
    assert_eq!(settings.current().port, 1000);
    let stats = settings.stats();
    assert_eq!((stats.reloads, stats.failures, stats.is_stale), (0, 1, true));
    let log = log.text();
    assert!(
        log.contains("the new configuration is not valid, the old one stays"),
        "{log}"
    );
    assert!(log.contains("PORT = \"80x\"") && !log.contains("canary"), "{log}");

    fixture.rename_over("PORT=2000");
    port_is(&settings, 2000).await;
    assert!(settings.last_error().is_none());
    assert!(!settings.stats().is_stale);
}

#[tokio::test]
async fn a_file_that_is_removed_and_comes_back_is_seen_both_times() {
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;

    fs::remove_file(&fixture.file).unwrap();
    assert!(refused(&settings).await.contains("PORT is missing"));
    assert_eq!(settings.current().port, 1000);

    fs::write(&fixture.file, "PORT=2000").unwrap();
    port_is(&settings, 2000).await;
}

#[tokio::test]
async fn a_mounted_directory_that_kubernetes_swaps_is_seen() {
    let mount = TempDir::new().unwrap();
    let version = |name: &str, port: &str| {
        fs::create_dir(mount.path().join(name)).unwrap();
        fs::write(mount.path().join(name).join("PORT"), port).unwrap();
    };
    version("..1", "1000");
    symlink("..1", mount.path().join("..data")).unwrap();
    symlink("..data/PORT", mount.path().join("PORT")).unwrap();
    let settings = watch(mount.path()).await;
    assert_eq!(settings.current().port, 1000);

    version("..2", "2000");
    symlink("..2", mount.path().join("..data_tmp")).unwrap();
    fs::rename(mount.path().join("..data_tmp"), mount.path().join("..data")).unwrap();
    fs::remove_dir_all(mount.path().join("..1")).unwrap();

    port_is(&settings, 2000).await;
}

#[tokio::test]
async fn the_file_of_a_secret_is_watched_and_so_is_a_new_one() {
    let fixture = Fixture::new("");
    let (old, new) = (
        fixture.directory.path().join("old"),
        fixture.directory.path().join("new"),
    );
    fs::write(&old, "first\n").unwrap();
    fs::write(&new, "third\n").unwrap();
    let pointing = |path: &Path| format!("PORT=1\nAUTH_SECRET_FILE={}", path.display());
    fs::write(&fixture.file, pointing(&old)).unwrap();
    let settings = watch(&fixture.file).await;
    let secret_is = async |expected: &str| {
        let expected = Some(Secret::from(expected));
        let probe = async || (settings.current().auth_secret == expected).then_some(());
        eventually(SOON, "the new secret", probe).await;
    };
    secret_is("first").await;

    fs::write(&old, "second\n").unwrap();
    secret_is("second").await;
    fixture.rename_over(&pointing(&new));
    secret_is("third").await;
    fs::write(&new, "fourth\n").unwrap();
    secret_is("fourth").await;
}

#[tokio::test]
async fn dotenv_files_and_a_secrets_directory_are_followed_also_new_ones() {
    let directory = TempDir::new().unwrap();
    let root = directory.path().to_owned();
    let secrets = root.join("secrets");
    fs::create_dir(&secrets).unwrap();
    fs::write(root.join(".env"), "PORT=1000\n").unwrap();
    let source = move || {
        let dotenv = Dotenv::layered(&root).profile("production");
        Sources::new().dotenv(dotenv).secrets_dir(root.join("secrets"))
    };
    let settings = quick(Reloading::builder(source)).start().await.unwrap();

    fs::write(directory.path().join(".env.production.local"), "PORT=2000\n").unwrap();
    port_is(&settings, 2000).await;
    fs::write(secrets.join("auth_secret"), "rotated\n").unwrap();
    let expected = Some(Secret::from("rotated"));
    let probe = async || (settings.current().auth_secret == expected).then_some(());
    eventually(SOON, "the secret", probe).await;
    fs::write(directory.path().join(".env"), "PORT='1000\n").unwrap();

    assert!(refused(&settings).await.contains(".env:1"));
    assert_eq!(settings.current().port, 2000);
}

/// A source that says something else at every look.
fn counting() -> impl Fn() -> Vars {
    let looks = AtomicU16::new(0);
    move || Vars::from([("PORT", looks.fetch_add(1, Ordering::Relaxed).to_string())])
}

#[tokio::test]
async fn a_hangup_signal_loads_again_though_no_file_has_changed() {
    let settings = Reloading::<Settings>::start(counting()).await.unwrap();
    let before = settings.current().port;

    let sent = Command::new("kill")
        .args(["-HUP", &process::id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());

    eventually(SOON, "a reload", async || {
        (settings.stats().reloads == 1).then_some(())
    })
    .await;
    assert!(settings.current().port > before);
}

#[tokio::test]
async fn a_reload_can_be_ordered_and_answers() {
    let port = Arc::new(Mutex::new("1000"));
    let given = Arc::clone(&port);
    let source = move || Vars::from([("PORT", *given.lock().unwrap())]);
    let settings = quick(Reloading::builder(source)).start().await.unwrap();

    *port.lock().unwrap() = "2000";
    settings.reload().await.unwrap();
    assert_eq!(settings.current().port, 2000);

    *port.lock().unwrap() = "many";
    let Err(ReloadError::Invalid(report)) = settings.reload().await else {
        panic!("2000 is gone");
    };
    assert_eq!(report.problems()[0].variable(), Some("PORT"));
    assert_eq!(settings.current().port, 2000);
}

#[tokio::test]
async fn a_check_that_panics_keeps_the_old_configuration() {
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;

    fixture.rename_over("PORT=13");
    let report = refused(&settings).await;
    fixture.rename_over("PORT=14");

    assert!(
        report.ends_with("a type or a check of the configuration panicked"),
        "{report}"
    );
    port_is(&settings, 14).await;
}

#[tokio::test]
async fn a_first_load_that_fails_starts_nothing() {
    let builder = quick(Reloading::builder(|| Vars::from([("PORT", "80x")])));

    let report = builder.start().await.unwrap_err();

    assert_eq!(report.problems()[0].variable(), Some("PORT"));
}

/// Writes twins in two steps, so that a reader may find one without the other.
fn rewrite(file: &Path, rounds: u16) {
    for round in 1..=rounds {
        let mut file = fs::File::create(file).unwrap();
        write!(file, "PORT={round}").unwrap();
        thread::yield_now();
        write!(file, "\nTWIN={round}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_whole_configurations_in_order_during_many_changes() {
    const ROUNDS: u16 = 500;
    let fixture = Fixture::new("PORT=1\nTWIN=1");
    let settings = watch(&fixture.file).await;
    let done = AtomicBool::new(false);
    let reads = AtomicU64::new(0);

    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = settings.current();
                    assert!(now.twin == now.port || now.twin == 0, "torn: {now:?}");
                    assert!(now.port >= last, "{} after {last}", now.port);
                    last = now.port;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        rewrite(&fixture.file, ROUNDS);
        done.store(true, Ordering::Relaxed);
    });

    port_is(&settings, ROUNDS).await;
    eventually(SOON, "both twins", async || {
        (settings.current().twin == ROUNDS).then_some(())
    })
    .await;
    assert!(reads.into_inner() > 0);
    let loads = settings.stats().reloads + settings.stats().failures;
    assert!(loads < u64::from(ROUNDS), "{loads} loads for {ROUNDS} changes");
}

#[tokio::test]
async fn a_shutdown_ends_the_watching_and_keeps_the_configuration() {
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;
    let mut changes = settings.changes();

    let report = settings.shutdown(SOON).await;

    assert!(report.is_clean());
    assert_eq!(report.to_string().split(' ').next(), Some("clean"));
    assert!(changes.next().await.is_none());
    assert!(changes.next().await.is_none());
    assert!(matches!(settings.reload().await, Err(ReloadError::Stopped)));
    assert_eq!(settings.current().port, 1000);
    assert!(settings.shutdown(SOON).await.is_clean());
}

#[tokio::test]
async fn the_last_change_before_a_shutdown_is_told_to_who_comes_late() {
    let settings = quick(Reloading::builder(counting())).start().await.unwrap();
    let (mut late, mut later) = (settings.changes(), settings.changes());

    settings.reload().await.unwrap();
    let last = settings.current().port;
    assert!(settings.shutdown(SOON).await.is_clean());

    assert_eq!(late.next().await.unwrap().port, last);
    assert!(late.next().await.is_none());
    assert_eq!(later.next().await.unwrap().port, last);
    assert!(settings.changes().next().await.is_none());
}

#[tokio::test]
async fn the_warnings_of_the_first_load_and_of_later_ones_are_kept_and_logged() {
    let (log, _guard) = Log::of_this_thread();
    let fixture = Fixture::new("HTTP_PORT=1000");
    let settings = watch(&fixture.file).await;
    let warnings = || -> Vec<_> { settings.warnings().iter().map(ToString::to_string).collect() };
    let deprecated = "HTTP_PORT is deprecated, use PORT";
    let logged = || log.text().matches(deprecated).count();

    assert_eq!((warnings(), logged()), (vec![deprecated.to_owned()], 1));
    fixture.rename_over("HTTP_PORT=2000");
    port_is(&settings, 2000).await;
    assert_eq!((warnings(), logged()), (vec![deprecated.to_owned()], 2));
    fixture.rename_over("PORT=3000");
    port_is(&settings, 3000).await;

    assert_eq!((warnings(), logged()), (Vec::new(), 2));
}

#[tokio::test]
async fn the_watching_ends_with_the_last_handle() {
    let fixture = Fixture::new("PORT=1000");
    let settings = watch(&fixture.file).await;
    let other = settings.clone();
    let mut changes = settings.changes();

    drop(settings);
    fixture.rename_over("PORT=2000");
    assert_eq!(changes.next().await.unwrap().port, 2000);
    drop(other);

    assert!(changes.next().await.is_none());
}

/// Starts in what is left of a runtime, or in none.
fn start(runtime: Option<&mut Builder>, signal: bool) -> bool {
    let runtime = runtime.map(|builder| builder.build().unwrap());
    let builder = Reloading::<Settings>::builder(|| Vars::from([("PORT", "1000")]));
    let builder = if signal { builder } else { builder.without_signal() };
    let mut start = std::pin::pin!(builder.start());
    match runtime {
        Some(runtime) => runtime.block_on(start).is_ok(),
        None => start
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready(),
    }
}

#[test]
#[should_panic(
    expected = "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
)]
fn a_start_outside_a_runtime_panics() {
    start(None, false);
}

#[test]
#[should_panic(expected = "enable_io")]
fn a_start_in_a_runtime_without_io_panics() {
    start(Some(Builder::new_current_thread().enable_time()), true);
}

#[test]
#[should_panic(expected = "enable_time")]
fn a_start_in_a_runtime_without_time_panics_at_once_and_not_in_its_task() {
    start(Some(Builder::new_current_thread().enable_io()), true);
}

#[test]
fn without_a_signal_no_io_is_needed() {
    assert!(start(Some(Builder::new_current_thread().enable_time()), false));
}
