//! What a fresh database costs; alone in its file, because the other tests start many servers at once.

use std::time::{Duration, Instant};

use groundcrew_testkit::database;

#[tokio::test]
async fn a_fresh_database_costs_less_than_600_ms_after_the_first() {
    const ROUNDS: usize = 9;
    let first = database().await.expect("PostgreSQL is installed");

    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let fresh = database().await.expect("the shared server answers");
        let _client = fresh.connect().await.expect("a connection");
        costs.push(started.elapsed());
    }

    costs.sort();
    let median = costs[ROUNDS / 2];
    println!("a fresh database with a connection: {costs:?}, median {median:?}");
    assert!(median < Duration::from_millis(600), "{costs:?}");
    drop(first);
}
