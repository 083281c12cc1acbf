use std::time::Duration;

use groundcrew_base::{Evidence, Status};
use groundcrew_dbopt::{Db, Error, Sizing, label};
use groundcrew_testkit::{Postgres, eventually};
use tokio::{sync::Notify, task::JoinSet, time::timeout};

use crate::support::{SOON, TestResult, database, size_when_held, started};

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

    let (error, finding) = tokio::join!(
        timeout(SOON, db.query(label("select", "none"), "SELECT 1", &[])),
        eventually(SOON, "the evidence says so", async || {
            let finding = db.observe().finding().clone();
            (finding.status() == Status::Degraded).then_some(finding)
        }),
    );

    let error = error?.unwrap_err();
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
    assert_eq!(size_when_held(&db, 5).await?, 5);

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
    let (begun, refused) = (Notify::new(), Notify::new());
    let work = db.run(label("work", "none"), async |session| {
        begun.notify_one();
        refused.notified().await;
        session.query_one("SELECT 7", &[]).await
    });
    let stop = async {
        begun.notified().await;
        db.shutdown(SOON).await
    };
    let late = async {
        eventually(SOON, "new work is refused", async || {
            let late = db.query(label("select", "none"), "SELECT 1", &[]).await;
            matches!(late, Err(Error::ShutDown)).then_some(())
        })
        .await;
        refused.notify_one();
    };

    let (done, report, ()) = tokio::join!(work, stop, late);

    assert_eq!(done?.get::<_, i32>(0), 7);
    assert!(report.is_clean(), "{report}");
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

    let report = timeout(SOON, db.shutdown(Duration::from_millis(200))).await?;

    assert!(!report.is_clean());
    assert_eq!(
        report.details().find("inUse"),
        Some(&groundcrew_base::Detail::UInt(1))
    );
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
