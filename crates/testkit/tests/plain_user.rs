//! A plain user runs the servers as well as root does, and as that user.
//!
//! Run by root, the test runs itself once more as `nobody`.

use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use aws_sdk_s3::primitives::ByteStream;
use groundcrew_testkit::{Postgres, Redis, S3};
use rustix::process::geteuid;
use s3_client::client;
use tokio::process::Command;

mod s3_client;

const TEST: &str = "servers_start_and_answer_as_the_plain_user_who_runs_the_test";
/// `nobody` and its group, by their numbers on every Linux.
const NOBODY: u32 = 65534;

#[tokio::test]
async fn servers_start_and_answer_as_the_plain_user_who_runs_the_test() {
    if geteuid().is_root() {
        this_test_passes_as(NOBODY).await;
    } else {
        servers_start_and_answer_as(geteuid().as_raw()).await;
    }
}

async fn servers_start_and_answer_as(uid: u32) {
    let postgres = Postgres::start().await.expect("PostgreSQL is installed");
    let redis = Redis::start().await.expect("Redis is installed");
    let s3 = S3::start().await.expect("a port");

    assert_eq!(sum(&postgres).await, 7);
    assert_eq!(redis.command(&["PING"]).await.expect("a reply"), "PONG");
    store(&s3, "k", b"hello").await;
    assert_eq!(fs::read(s3.object_path("k")).expect("a file"), b"hello");

    let postgres = users_of_processes_in(postgres.data_dir());
    assert!(
        postgres.len() >= 6,
        "a postmaster and five of its own: {postgres:?}"
    );
    assert!(postgres.iter().all(|users| *users == [uid; 4]), "{postgres:?}");
    assert_eq!(users_of_processes_in(redis.data_dir()), [[uid; 4]]);
    assert_eq!(users("self"), Some([uid; 4]), "the S3 server is in this process");
}

async fn sum(postgres: &Postgres) -> i32 {
    let database = postgres.database().await.expect("a database");
    let session = database.connect().await.expect("a connection");
    let row = session.query_one("SELECT 3 + 4", &[]).await.expect("a row");
    row.get(0)
}

async fn store(s3: &S3, key: &str, content: &'static [u8]) {
    let put = client(s3, s3.secret_key())
        .put_object()
        .bucket(s3.bucket())
        .key(key);
    let stored = put.body(ByteStream::from_static(content)).send().await;
    stored.expect("stored");
}

/// The users of every process that works in `dir`.
fn users_of_processes_in(dir: &Path) -> Vec<[u32; 4]> {
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == dir))
        .filter_map(|pid| users(&pid))
        .collect()
}

/// The real, effective, saved and file system user of a process.
fn users(pid: &str) -> Option<[u32; 4]> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let users: Vec<u32> = line.split_whitespace().flat_map(str::parse).collect();
    users.try_into().ok()
}

async fn this_test_passes_as(uid: u32) {
    const LIMIT: Duration = Duration::from_secs(120);
    let home = Home::of(uid);
    let program = home.program();

    let run = Command::new(&program)
        .args(["--exact", TEST, "--nocapture"])
        .uid(uid)
        .gid(uid)
        .current_dir(&home.0)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", &home.0)
        .env("TMPDIR", &home.0)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(LIMIT, run).await.expect("it ends in time");

    let run = run.expect("the copy can be executed");
    let said = String::from_utf8_lossy(&run.stdout);
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}\n{said}\n{complaint}", run.status);
    assert!(
        said.contains("test result: ok. 1 passed"),
        "the test did not run: {said}"
    );
    let template = fs::read_dir(home.0.join("testkit")).expect("a cache of its own");
    assert!(template.count() > 0, "no template of a data directory was kept");
}

/// A directory of a plain user's own, gone with this.
struct Home(PathBuf);

impl Home {
    fn of(uid: u32) -> Self {
        // Not in the temporary directory, which may be root's own and closed to others.
        let dir = PathBuf::from(format!("/tmp/plain-user-{}", std::process::id()));
        let _leftover = fs::remove_dir_all(&dir);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .expect("a new directory");
        let home = Self(dir);
        // Makes it a target directory, in which templates are kept.
        fs::write(home.0.join("CACHEDIR.TAG"), "").expect("a new file");
        chown(&home.0, Some(uid), Some(uid)).expect("we are root");
        home
    }

    /// A copy of this program: its user cannot reach a target directory that lies in root's home.
    fn program(&self) -> PathBuf {
        let copy = self.0.join("test");
        fs::copy(env::current_exe().expect("this program"), &copy).expect("a copy");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("our own file");
        copy
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _kept = fs::remove_dir_all(&self.0);
    }
}
