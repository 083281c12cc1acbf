//! What the engine and the probes do when the process itself is in trouble.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod blocked;
mod evidence;
mod exhausted;
#[path = "../support/in_time.rs"]
mod in_time;
mod storm;
#[path = "../support/verdict.rs"]
mod verdict;

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use groundcrew_base::error_text;
use groundcrew_health::probe::{ProbeError, probe};
use groundcrew_testkit::{Postgres, Redis};

use crate::{
    in_time::{LATE, in_time},
    verdict::{shows, word},
};

const LIMIT: Duration = Duration::from_secs(5);

/// What a probe on a connection of its own says, and how long it takes.
fn ask(address: SocketAddr, path: &str) -> (u16, Duration) {
    let began = Instant::now();
    let code = match probe(&format!("http://{address}{path}"), LIMIT) {
        Ok(code) | Err(ProbeError::Status { status: code }) => code,
        Err(error) => panic!("{path}: {} after {:?}", error_text(&error), began.elapsed()),
    };
    (code, began.elapsed())
}

/// How often Redis was asked, by itself.
async fn pings(redis: &Redis) -> u64 {
    let stats = redis.command(&["INFO", "commandstats"]).await.unwrap();
    let calls = stats.split("cmdstat_ping:calls=").nth(1);
    calls.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
}

/// How often PostgreSQL was asked, by its log.
fn questions(postgres: &Postgres) -> u64 {
    let log = fs::read_to_string(postgres.log()).unwrap();
    u64::try_from(
        log.matches("SELECT current_setting('transaction_read_only')")
            .count(),
    )
    .unwrap()
}
