//! Every verdict of the checks of PostgreSQL and Redis, on real servers that cause it, and how soon it comes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed set-up fails the test, and the figures are shown"
)]

mod authorities;
mod between;
mod dripping;
mod dropped;
#[path = "../support/hanging_file.rs"]
mod hanging_file;
mod hosts;
#[path = "../support/in_time.rs"]
mod in_time;
mod postgres;
mod redis;
mod redis_cluster;
mod refused;
mod restart;
#[path = "../support/verdict.rs"]
mod verdict;

use std::time::{Duration, Instant};

use groundcrew_health::{Check, Detail, Verdict};
use groundcrew_testkit::eventually;
use tokio::{net::TcpListener, task::JoinSet};

use crate::verdict::word;

const LIMIT: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_millis(200);

/// The contract of a frozen server.
const FROZEN: Duration = TIMEOUT.saturating_add(Duration::from_millis(50));

fn detail<'a>(verdict: &'a Verdict, name: &str) -> &'a Detail {
    let found = verdict.details().find(name);
    found.unwrap_or_else(|| panic!("no {name} in {verdict:?}"))
}

fn text(text: &str) -> Detail {
    Detail::from(text.to_owned())
}

/// Asks until the check says `expected`.
async fn says(check: &impl Check, expected: &str, limit: Duration) -> Verdict {
    eventually(limit, expected, async || {
        let verdict = check.run().await;
        (word(&verdict) == expected).then_some(verdict)
    })
    .await
}

/// Asks until the median of `runs` answers comes within `limit`, which is the contract, and gives that one; a machine that is busy may
/// need a few rounds.
async fn asked(check: &impl Check, what: &str, runs: usize, limit: Duration) -> Verdict {
    eventually(LIMIT * 4, what, async || {
        let mut answers = Vec::new();
        for _ in 0..runs {
            let began = Instant::now();
            let verdict = check.run().await;
            answers.push((began.elapsed(), verdict));
        }
        answers.sort_by_key(|(time, _)| *time);
        let (median, verdict) = answers.swap_remove(runs / 2);
        eprintln!("verdict {what}: {median:?} at the median of {runs}, bar {limit:?}");
        (median <= limit).then_some(verdict)
    })
    .await
}

/// Takes connections and answers nothing, or closes them at once.
async fn listener(keep: bool) -> (std::net::SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
            if !keep {
                kept.clear();
            }
        }
    });
    (address, server)
}
