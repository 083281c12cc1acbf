use std::time::{Duration, Instant};

use groundcrew_base::{Evidence, Status};
use groundcrew_dbopt::{Db, Error, Sizing, label};
use groundcrew_testkit::{Postgres, eventually};
use tokio::task::JoinSet;

use crate::support::{TestResult, database, started};

#[tokio::test]
async fn an_exhausted_pool_answers_fast_and_says_so() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder
        .pool_size(1)
        .acquire_timeout(Duration::from_millis(200))
        .build()?;
    let mut tasks = JoinSet::new();
    let holder = db.clone();
    tasks.spawn(async move {
        holder
            .query(label("hold", "none"), "SELECT pg_sleep(60), 'holder'", &[])
            .await
    });
    started(&database, "'holder'").await;

    let asked = Instant::now();
    let (error, finding) = tokio::join!(
        db.query(label("select", "none"), "SELECT 1", &[]),
        eventually(Duration::from_secs(1), "the evidence says so", async || {
            let finding = db.observe().finding().clone();
            (finding.status() == Status::Degraded).then_some(finding)
        }),
    );

    assert!(asked.elapsed() < Duration::from_secs(2));
    let error = error.unwrap_err();
    assert!(
        matches!(
            error,
            Error::PoolExhausted {
                max_size: 1,
                in_use: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.is_retryable() && !error.is_outcome_unknown());
    assert_eq!(finding.reason(), Some("pool exhausted"));
    let stats = db.stats();
    assert_eq!((stats.exhausted, stats.in_use, stats.available), (1, 1, 0));
    assert!(stats.oldest_checkout > Some(Duration::from_millis(200)));
    tasks.abort_all();
    eventually(
        Duration::from_secs(5),
        "the connection is free again",
        async || db.query(label("select", "none"), "SELECT 1", &[]).await.ok(),
    )
    .await;
    Ok(())
}

#[tokio::test]
async fn the_plan_comes_from_the_server_and_warns() -> TestResult {
    let server = Postgres::builder()
        .setting("max_connections", "20")
        .start()
        .await?;
    let auto = Db::builder(server.url())
        .sizing(Sizing::auto().server_cores(8).instances(2))
        .build()?;
    let fixed = Db::builder(server.url())
        .sizing(Sizing::fixed(15).instances(2).server_cores(2))
        .build()?;

    let auto_plan = auto.warm_up().await?;
    let fixed_plan = fixed.warm_up().await?;

    assert_eq!((auto_plan.max, auto_plan.min), (8, 4), "{auto_plan}");
    assert_eq!(auto_plan.warnings, Vec::<String>::new());
    assert_eq!((auto.stats().max_size, auto.stats().size), (8, 4));
    assert_eq!((fixed_plan.max, fixed_plan.min), (15, 2));
    assert_eq!(
        fixed_plan.warnings,
        [
            "2 instance(s) of 15 connections want 30, but only 17 of the server's 20 are usable: under load \
             some will be refused"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn idle_connections_go_down_to_the_minimum_and_dead_ones_are_replaced() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder
        .sizing(Sizing::fixed(5).server_cores(2))
        .idle_timeout(Duration::from_millis(50))
        .ping_after(Duration::ZERO)
        .build()?;
    let held = futures_util::future::join_all(
        (0..5).map(|_| db.query(label("select", "none"), "SELECT pg_sleep(0.3)", &[])),
    );
    for done in held.await {
        done?;
    }
    assert_eq!(db.stats().size, 5);

    eventually(
        Duration::from_secs(5),
        "idle connections are closed",
        async || (db.stats().size == 2).then_some(()),
    )
    .await;
    let observer = database.connect().await?;
    let killed = observer
        .query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .await?;

    assert_eq!(killed.len(), 2);
    for _ in 0..5 {
        db.query(label("select", "none"), "SELECT 1", &[]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn shutdown_waits_for_work_and_closes_every_connection() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.build()?;
    let mut tasks = JoinSet::new();
    let worker = db.clone();
    tasks.spawn(async move {
        worker
            .query(label("work", "none"), "SELECT pg_sleep(0.5), 'last'", &[])
            .await
    });
    started(&database, "'last'").await;

    let report = db.shutdown(Duration::from_secs(5)).await;

    assert!(report.is_clean(), "{report}");
    assert!(tasks.join_next().await.unwrap()?.is_ok());
    let refused = db.query(label("select", "none"), "SELECT 1", &[]).await;
    assert!(matches!(refused, Err(Error::ShutDown)), "{refused:?}");
    let observer = database.connect().await?;
    eventually(
        Duration::from_secs(5),
        "the server sees them closed",
        async || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
            (observer.query_one(sql, &[]).await.ok()?.get::<_, i64>(0) == 1).then_some(())
        },
    )
    .await;
    Ok(())
}

#[tokio::test]
async fn a_shutdown_that_runs_out_of_time_says_what_is_left() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.build()?;
    let mut tasks = JoinSet::new();
    let worker = db.clone();
    tasks.spawn(async move {
        worker
            .query(label("work", "none"), "SELECT pg_sleep(60), 'endless'", &[])
            .await
    });
    started(&database, "'endless'").await;

    let report = db.shutdown(Duration::from_millis(200)).await;

    assert!(!report.is_clean());
    assert_eq!(
        report.details().find("inUse"),
        Some(&groundcrew_base::Detail::UInt(1))
    );
    assert!(report.elapsed() < Duration::from_secs(2));
    tasks.abort_all();
    Ok(())
}

#[tokio::test]
async fn the_statement_cache_is_bounded() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;

    for number in 0..600 {
        db.query(label("select", "none"), &format!("SELECT {number}"), &[])
            .await?;
    }

    let count = db
        .query_one(
            label("select", "none"),
            "SELECT count(*) FROM pg_prepared_statements",
            &[],
        )
        .await?;
    assert!(count.get::<_, i64>(0) <= 260, "{}", count.get::<_, i64>(0));
    Ok(())
}
