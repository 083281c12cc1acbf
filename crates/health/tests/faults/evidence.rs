//! Real work through a pool of dbopt and a cache: it saves questions, and hides no outage.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use groundcrew_cache::Cache;
use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_dbopt::{Db, Session, label};
use groundcrew_health::{
    Check, Detail, Health, HealthConfig, Registration, Status,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Proxy, eventually};
use tokio::task::JoinSet;

use super::*;

/// Between two pieces of real work.
const PACE: Duration = Duration::from_millis(20);

/// Many runs in the time that one question is believed for.
fn often() -> HealthConfig {
    let mut config = HealthConfig::default();
    config.interval = Duration::from_millis(50);
    config
}

/// Works until it is dropped, whatever comes of it.
fn work<F: Future<Output: Send> + Send>(one: impl Fn() -> F + Send + 'static) -> JoinSet<()> {
    let mut work = JoinSet::new();
    work.spawn(async move {
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            drop(one().await);
        }
    });
    work
}

async fn query(db: Db) {
    drop(db.query(label("select", "none"), "SELECT 1", &[]).await);
}

fn runs(health: &Health) -> u64 {
    health.stats().checks[0].runs
}

/// Waits until so many more runs have ended.
async fn more_runs(health: &Health, count: u64) {
    let seen = runs(health);
    eventually(LIMIT * 2, "more runs", async || {
        (runs(health) >= seen + count).then_some(())
    })
    .await;
}

/// Runs the check many times, in which hardly a question is asked. On a busy machine real work may pause: that round does not count.
async fn spares(health: &Health, asked: impl AsyncFn() -> u64) {
    let mut most = Vec::new();
    loop {
        let (before, began) = (asked().await, Instant::now());
        more_runs(health, 40).await;
        let questions = asked().await - before;
        eprintln!("40 runs beside real work asked {questions} times");
        // Whatever is seen, one is due every ten seconds.
        if questions <= 1 + began.elapsed().as_secs() / 10 {
            return;
        }
        most.push(questions);
        assert!(most.len() < 5, "{most:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_through_a_pool_save_those_of_the_check() {
    let postgres = Postgres::builder()
        .setting("log_statement", "all")
        .start()
        .await
        .unwrap();
    let db = Db::builder(postgres.url()).build().unwrap();
    let check = PostgresCheck::new(PostgresUrl::parse(&postgres.url()).unwrap()).evidence(db.clone());
    let health = Health::builder("1")
        .config(often())
        .check("database", check)
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let busy = work(move || query(db.clone()));
    eventually(LIMIT, "spared", async || {
        let report = health.report();
        let details = report.check("database")?.verdict.details().clone();
        details.find("evidence").cloned()
    })
    .await;
    spares(&health, async || questions(&postgres)).await;
    let before = questions(&postgres);

    drop(busy);
    eventually(LIMIT, "asked again", async || {
        (questions(&postgres) >= before + 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_a_cache_save_those_of_the_check() {
    let redis = Redis::start().await.unwrap();
    let cache = Cache::builder().redis_url(redis.url()).build().await.unwrap();
    let check = RedisCheck::new(RedisUrl::parse(&redis.url()).unwrap()).evidence(cache.clone());
    let redis_check = Registration::new("redis", check);
    let health = Health::builder("1")
        .config(often())
        .register(redis_check)
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    let space = cache.space::<u64>("n");
    let busy = work(move || {
        let space = space.clone();
        async move { space.set("a", 1).await }
    });
    eventually(LIMIT, "spared", async || {
        let report = health.report();
        let details = report.check("redis")?.verdict.details().clone();
        details.find("evidence").cloned()
    })
    .await;
    spares(&health, async || pings(&redis).await).await;
    let before = pings(&redis).await;

    drop(busy);
    eventually(LIMIT, "asked again", async || {
        (pings(&redis).await >= before + 20).then_some(())
    })
    .await;
}

/// Work that has a connection until it is dropped.
async fn hold(db: &Db) -> JoinSet<()> {
    let (mut busy, holder) = (JoinSet::new(), db.clone());
    busy.spawn(async move {
        let endless = async |_: &Session| std::future::pending::<Result<(), groundcrew_dbopt::Error>>().await;
        drop(holder.run(label("hold", "none"), endless).await);
    });
    eventually(LIMIT, "held", async || (db.stats().in_use == 1).then_some(())).await;
    busy
}

/// The pool of a service, every connection of which is in use: others than the service are not kept waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_full_is_told_whether_it_was_asked_or_not() {
    let postgres = Postgres::start().await.unwrap();
    let db = Db::builder(postgres.url()).pool_size(2).build().unwrap();
    let url = PostgresUrl::parse(&postgres.url()).unwrap();
    let check = PostgresCheck::new(url).timeout(LIMIT).evidence(db.clone());
    let builder = Health::builder("1").config(often());
    let health = builder.check("database", check.clone()).start().unwrap();
    drop(shows(&health, "database", "up", LATE).await);

    // One by work of the service, one by code that speaks to the pool underneath.
    let busy = hold(&db).await;
    let held = db.pool().get().await.unwrap();
    let full = shows(&health, "database", "pool_exhausted", LATE).await;
    assert_eq!(
        (full.status(), full.reason()),
        (Status::Degraded, Some("pool exhausted"))
    );
    for (name, expected) in [("inUse", 2_u64), ("poolSize", 2), ("waiting", 0)] {
        assert_eq!(full.details().find(name), Some(&Detail::UInt(expected)), "{name}");
    }
    assert!(health.readiness().is_ok());

    // A query that succeeded a moment ago does not hide it.
    let mut held = Some(held);
    eventually(LIMIT, "told without a question", async || {
        held = None;
        query(db.clone()).await;
        held = Some(db.pool().get().await.unwrap());
        let verdict = check.run().await;
        assert_eq!(word(&verdict), "pool_exhausted", "{verdict:?}");
        (verdict.details().find("evidence") == Some(&Detail::from("traffic"))).then_some(())
    })
    .await;

    drop((busy, held));
    drop(shows(&health, "database", "up", LATE).await);
}

/// A success of a moment ago says nothing of now: an outage is seen as soon as without it.
async fn is_seen_under_traffic<F>(
    what: &str,
    proxy: &Proxy,
    check: Registration,
    one: impl Fn() -> F + Send + 'static,
) where
    F: Future<Output: Send> + Send,
{
    let health = Health::builder("1").register(check).start().unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    let worked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&worked);
    let _busy = work(move || {
        let (one, count) = (one(), Arc::clone(&count));
        async move {
            drop(one.await);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });

    in_time(what, 3, async || {
        // A while after a run: at the next, the last success is still young.
        more_runs(&health, 1).await;
        let before = worked.load(Ordering::SeqCst);
        eventually(LATE, "a while", async || {
            (worked.load(Ordering::SeqCst) >= before + 10).then_some(())
        })
        .await;
        let began = Instant::now();
        proxy.black_hole();
        eventually(LATE, "the outage", async || health.readiness().err()).await;
        let outage = began.elapsed();
        let began = Instant::now();
        proxy.restore();
        eventually(LATE, "the recovery", async || health.readiness().ok()).await;
        (outage, began.elapsed())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_postgres_under_real_traffic_is_seen_in_3_s_and_its_end_in_1500_ms() {
    let postgres = Postgres::start().await.unwrap();
    let proxy = Proxy::start(postgres.addr()).await.unwrap();
    let url = postgres
        .url()
        .replace(&postgres.addr().to_string(), &proxy.addr().to_string());
    let db = Db::builder(url.clone()).build().unwrap();
    let check = PostgresCheck::new(PostgresUrl::parse(&url).unwrap()).evidence(db.clone());

    let check = Registration::new("database", check);
    is_seen_under_traffic(
        "a black hole of postgres under traffic",
        &proxy,
        check,
        move || query(db.clone()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_redis_under_real_traffic_is_seen_in_3_s_and_its_end_in_1500_ms() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::start(redis.addr()).await.unwrap();
    let url = format!("redis://{}", proxy.addr());
    let cache = Cache::builder().redis_url(url.as_str()).build().await.unwrap();
    let space = cache.space::<u64>("n");
    let check = RedisCheck::new(RedisUrl::parse(&url).unwrap()).evidence(cache);

    let check = Registration::new("redis", check);
    let set = move || {
        let space = space.clone();
        async move { space.set("a", 1).await }
    };
    is_seen_under_traffic("a black hole of redis under traffic", &proxy, check, set).await;
}
