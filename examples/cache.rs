//! A cache of two levels: loads once, survives a frozen Redis, forgets on demand.
//!
//! `cargo run --example cache [redis://...]`; without a URL it starts a Redis of its own.

use std::{
    env,
    error::Error,
    io,
    time::{Duration, Instant},
};

use groundcrew::cache::{Cache, Space};
use groundcrew_testkit::Redis;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PlayerStats {
    hands: u64,
    won: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (url, server) = match env::args().nth(1) {
        Some(url) => (url, None),
        None => {
            let server = Redis::start().await?;
            (server.url(), Some(server))
        }
    };
    let cache = Cache::builder()
        .redis_url(&url)
        .key_prefix("example:")
        .build()
        .await?;
    let stats = cache.space::<PlayerStats>("stats").ttl(Duration::from_secs(3600));

    timed("the first call loads", &stats, "7").await?;
    timed("the second is in memory", &stats, "7").await?;
    let elsewhere = Cache::builder()
        .redis_url(&url)
        .key_prefix("example:")
        .build()
        .await?;
    timed(
        "another process finds it in Redis",
        &elsewhere.space("stats"),
        "7",
    )
    .await?;

    stats.invalidate("7").await?;
    timed("after an invalidation it is loaded again", &stats, "7").await?;

    if let Some(server) = &server {
        server.pause()?;
        timed("Redis is frozen: one deadline, then the loader", &stats, "8").await?;
        timed("and nobody waits for Redis any more", &stats, "9").await?;
        server.resume()?;
    }

    let seen = cache.stats();
    println!(
        "hit rate {:.0} %, {} loads, {:?}",
        seen.hit_rate_percent(),
        seen.loads(),
        seen.remote
    );
    println!("shutdown: {}", cache.shutdown(Duration::from_secs(5)).await);
    println!("shutdown: {}", elsewhere.shutdown(Duration::from_secs(5)).await);
    Ok(())
}

async fn timed(what: &str, stats: &Space<PlayerStats>, player: &str) -> Result<(), groundcrew::cache::Error> {
    let begun = Instant::now();
    let value = stats.get_or_load(player, from_database).await?;
    println!("{what}: {value:?} in {:?}", begun.elapsed());
    Ok(())
}

/// Stands for a query that takes its time.
async fn from_database() -> Result<PlayerStats, io::Error> {
    tokio::time::sleep(Duration::from_millis(40)).await;
    Ok(PlayerStats {
        hands: 1200,
        won: 310,
    })
}
