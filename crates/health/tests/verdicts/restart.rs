//! PostgreSQL that is started again: what is said meanwhile, and how soon it is over.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_health::{Health, Status, checks::PostgresCheck};
use groundcrew_testkit::Postgres;
use rustix::process::{Pid, Signal, kill_process};

use super::{postgres::client, *};
use crate::{
    in_time::{LATE, in_time},
    verdict::shows,
};

/// Asks as the check in it does, and notes what that says.
#[derive(Clone)]
struct Noted {
    check: PostgresCheck,
    words: Arc<Mutex<Vec<String>>>,
}

impl Noted {
    /// However busy the machine is, a server that answers is not taken for a frozen one.
    fn new(server: &Postgres) -> Self {
        let url = PostgresUrl::parse(&server.url()).unwrap();
        Self {
            check: PostgresCheck::new(url).timeout(LIMIT).connect_timeout(LIMIT),
            words: Arc::default(),
        }
    }

    /// What it has said since this was last asked.
    fn words(&self) -> Vec<String> {
        std::mem::take(&mut self.words.lock().unwrap())
    }

    /// Waits until it has said anew that the server is up, and gives all that it has said until then.
    async fn up_again(&self, health: &Health) -> Vec<String> {
        let mut words = self.words();
        let old = words.len();
        eventually(LATE, "up again", async || {
            words.extend(self.words());
            let is_up = words[old..].iter().any(|word| word == "up");
            (is_up && health.readiness().is_ok()).then_some(())
        })
        .await;
        words
    }
}

#[async_trait]
impl Check for Noted {
    async fn run(&self) -> Verdict {
        let verdict = self.check.run().await;
        self.words.lock().unwrap().push(word(&verdict).to_owned());
        verdict
    }

    async fn changed(&self) {
        self.check.changed().await;
    }
}

/// In a quick one the outage may be over before it is believed, in a slow one it is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_good_order_is_nothing_else_and_its_end_is_seen_in_time() {
    let server = Postgres::start().await.unwrap();
    let noted = Noted::new(&server);
    let health = Health::builder("1")
        .check("database", noted.clone())
        .start()
        .unwrap();
    drop(shows(&health, "database", "up", LATE).await);

    for (what, is_seen) in [("a quick restart", false), ("a slow restart", true)] {
        in_time(what, 3, async || {
            drop(noted.words());
            let began = Instant::now();
            server.stop().await.unwrap();
            if is_seen {
                eventually(LATE, "the outage", async || health.readiness().err()).await;
            }
            let outage = began.elapsed();
            server.start_again().await.unwrap();
            let began = Instant::now();
            let mut words = noted.up_again(&health).await;
            let recovery = began.elapsed();
            eprintln!("{what}: {words:?}");
            words.retain(|word| !["up", "down", "starting"].contains(&word.as_str()));
            assert_eq!(words, Vec::<String>::new());
            (outage, recovery)
        })
        .await;
    }
}

/// The process that replays the log, if it is seen before the server is up.
async fn recovering(server: &Postgres, noted: &Noted) -> Option<Pid> {
    eventually(LATE, "recovery", async || {
        if noted.words().iter().any(|word| word == "up") {
            return Some(None);
        }
        let file = fs::read_to_string(server.data_dir().join("postmaster.pid")).ok()?;
        let postmaster = file.lines().next()?;
        let startup = children(postmaster).find(|child| {
            let title = fs::read_to_string(format!("/proc/{child}/cmdline"));
            title.is_ok_and(|title| title.contains("startup recovering"))
        })?;
        Some(Pid::from_raw(startup.parse().ok()?))
    })
    .await
}

/// Not every kernel has a list of them.
fn children(parent: &str) -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|process| process.file_name().into_string().ok());
    names.filter(move |process| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name before may have spaces and brackets: behind it are the state and the parent.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_whitespace().nth(1) == Some(parent)
    })
}

/// Leaves a log behind that takes a while to be replayed.
async fn crash(server: &Postgres) {
    let (admin, _driver) = client(server).await;
    let fill = "DROP TABLE IF EXISTS much; CREATE TABLE much AS SELECT repeat('x', 500) FROM generate_series(1, 200000)";
    admin.simple_query(fill).await.unwrap();
    server.kill().await.unwrap();
}

/// Right after a kill the first start may find something left of the old server, and give up.
async fn started(server: &Postgres) {
    eventually(LATE, "started", async || server.start_again().await.ok()).await;
}

/// What is believed and what is said while the recovery stands still.
async fn stopped_recovery(
    server: &Postgres,
    noted: &Noted,
    health: &Health,
) -> Option<(Verdict, Vec<String>)> {
    let startup = recovering(server, noted).await?;
    kill_process(startup, Signal::STOP).ok()?;
    drop(noted.words());
    let verdict = shows(health, "database", "starting", LATE).await;
    // However long it lasts, nothing else is said.
    let runs = || health.stats().checks[0].runs;
    let seen = runs();
    eventually(LATE, "more runs", async || (runs() > seen + 8).then_some(())).await;
    kill_process(startup, Signal::CONT).unwrap();
    Some((verdict, noted.words()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_recovers_from_a_crash_is_starting_until_it_answers() {
    let server = Postgres::builder()
        .setting("checkpoint_timeout", "1h")
        .setting("max_wal_size", "4GB")
        .start()
        .await
        .unwrap();
    let noted = Noted::new(&server);
    let health = Health::builder("1")
        .check("database", noted.clone())
        .start()
        .unwrap();
    drop(shows(&health, "database", "up", LATE).await);

    // A recovery that is over before it is stopped is no test.
    let (mut stopped, mut crashes) = (None, 0);
    while stopped.is_none() {
        assert!(crashes < 10, "no recovery was seen after {crashes} crashes");
        crashes += 1;
        crash(&server).await;
        drop(noted.words());
        let ((), outcome) = tokio::join!(started(&server), stopped_recovery(&server, &noted, &health));
        stopped = outcome;
    }

    let (verdict, words) = stopped.unwrap();
    assert_eq!(verdict.status(), Status::Unhealthy);
    // The first may be of before.
    assert!(words.iter().skip(1).all(|word| word == "starting"), "{words:?}");
    drop(shows(&health, "database", "up", LATE).await);
}
