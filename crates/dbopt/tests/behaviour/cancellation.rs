use std::time::Duration;

use groundcrew_dbopt::{Db, Error, Step, label};
use groundcrew_testkit::eventually;
use tokio::{task::JoinSet, time::timeout};

use crate::support::{SOON, TestResult, database, gone, started};

async fn next_query_is_prompt(db: &Db) {
    let next = timeout(SOON, db.query_one(label("select", "none"), "SELECT 7", &[]));

    assert_eq!(next.await.unwrap().unwrap().get::<_, i32>(0), 7);
}

#[tokio::test]
async fn a_query_that_misses_its_deadline_ends_on_the_server() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder
        .pool_size(1)
        .query_timeout(Duration::from_millis(300))
        .build()?;

    let error = db
        .query(label("select", "none"), "SELECT pg_sleep(60), 'late'", &[])
        .await
        .unwrap_err();

    assert!(
        matches!(
            error,
            Error::Timeout {
                step: Step::Query,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_timeout() && error.is_outcome_unknown() && !error.is_retryable());
    gone(&database, "'late'", SOON).await;
    next_query_is_prompt(&db).await;
    let stats = db.stats();
    assert_eq!((stats.timeouts, stats.cancelled, stats.discarded), (1, 1, 1));
    assert_eq!((stats.queries, stats.errors), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_dropped_query_ends_on_the_server() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;

    let dropped = {
        let query = db.query(label("select", "none"), "SELECT pg_sleep(60), 'dropped'", &[]);
        tokio::select! {
            result = query => Some(result.is_ok()),
            () = started(&database, "'dropped'") => None,
        }
    };

    assert_eq!(dropped, None);
    gone(&database, "'dropped'", SOON).await;
    next_query_is_prompt(&db).await;
    assert_eq!(db.stats().cancelled, 1);
    Ok(())
}

#[tokio::test]
async fn a_transaction_dropped_half_way_leaves_no_row_and_no_lock() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    db.run(label("create", "t"), async |session| {
        session
            .batch_execute("CREATE TABLE t (id int8 PRIMARY KEY)")
            .await
    })
    .await?;

    {
        let work = db.transaction(label("insert", "t"), async |tx| -> Result<(), Error> {
            tx.execute("INSERT INTO t VALUES (1)", &[]).await?;
            tx.query("SELECT pg_sleep(60), 'half way'", &[]).await?;
            Ok(())
        });
        tokio::select! {
            _ = work => unreachable!("the transaction sleeps for a minute"),
            () = started(&database, "'half way'") => {}
        }
    }

    gone(&database, "'half way'", SOON).await;
    let count = timeout(
        SOON,
        db.transaction(label("insert", "t"), async |tx| {
            tx.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE", &[]).await?;
            tx.query_one("SELECT count(*) FROM t", &[]).await
        }),
    )
    .await??;
    assert_eq!(count.get::<_, i64>(0), 0);
    Ok(())
}

#[tokio::test]
async fn a_statement_dropped_inside_a_closure_that_goes_on_spoils_the_connection() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;

    let result: Result<bool, Error> = db
        .run(label("select", "none"), async |session| {
            tokio::select! {
                _ = session.query("SELECT pg_sleep(60), 'inner'", &[]) => Ok(false),
                () = started(&database, "'inner'") => Ok(true),
            }
        })
        .await;

    assert!(result?);
    gone(&database, "'inner'", SOON).await;
    next_query_is_prompt(&db).await;
    assert_eq!(db.stats().discarded, 1);
    Ok(())
}

#[tokio::test]
async fn no_session_state_reaches_the_next_user() -> TestResult {
    let (database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    let pid = "SELECT pg_backend_pid()";
    let before: i32 = db.query_one(label("select", "none"), pid, &[]).await?.get(0);

    db.run(label("soil", "none"), async |session| {
        session
            .batch_execute("SET search_path = evil; LISTEN gossip; BEGIN")
            .await?;
        session.query("SELECT pg_advisory_lock(42)", &[]).await?;
        session.batch_execute("CREATE TEMP TABLE leftover (id int)").await
    })
    .await?;
    let failed: Result<(), Error> = db
        .run(label("soil", "none"), async |session| {
            session.client()?.batch_execute("BEGIN; SELECT 1/0").await?;
            Ok(())
        })
        .await;

    assert!(failed.is_err());
    let state = "SELECT current_setting('search_path'), to_regclass('pg_temp.leftover')::text, \
         (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
         pg_backend_pid(), (SELECT count(*) FROM pg_listening_channels())";
    let row = db.query_one(label("select", "none"), state, &[]).await?;
    assert_eq!(row.get::<_, String>(0), "\"$user\", public");
    assert_eq!(row.get::<_, Option<String>>(1), None);
    assert_eq!(row.get::<_, i64>(2), 0, "advisory locks");
    assert_eq!(
        row.get::<_, i32>(3),
        before,
        "the connection was cleaned, not replaced"
    );
    assert_eq!(row.get::<_, i64>(4), 0, "channels");
    let observer = database.connect().await?;
    let backend = "SELECT state FROM pg_stat_activity WHERE pid = $1";
    let row = observer.query_one(backend, &[&before]).await?;
    assert_eq!(row.get::<_, String>(0), "idle", "no transaction is open");
    assert_eq!(db.stats().cleaned, 2);
    Ok(())
}

#[tokio::test]
async fn a_temporary_table_that_a_query_makes_reaches_no_other_user() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    let pid = "SELECT pg_backend_pid()";
    let before: i32 = db.query_one(label("select", "none"), pid, &[]).await?.get(0);
    let queries = [
        "SELECT 1 AS id INTO TEMP leftover",
        "select 1 as id\ninto/* for a moment */temporary table leftover",
        "WITH one AS (SELECT 1 AS id) SELECT id INTO LOCAL TEMP leftover FROM one",
        "SELECT 1 AS id INTO pg_temp.leftover",
    ];

    for query in queries {
        db.query(label("soil", "none"), query, &[]).await?;
        let left = "SELECT to_regclass('pg_temp.leftover')::text, pg_backend_pid()";
        let row = db.query_one(label("select", "none"), left, &[]).await?;

        assert_eq!(row.get::<_, Option<String>>(0), None, "{query}");
        assert_eq!(row.get::<_, i32>(1), before, "cleaned, not replaced");
    }
    assert_eq!(db.stats().cleaned, 4);
    Ok(())
}

#[tokio::test]
async fn a_transaction_commits_on_ok_and_rolls_back_on_err() -> TestResult {
    #[derive(Debug)]
    enum Mine {
        TooPoor,
        Database,
    }
    impl From<Error> for Mine {
        fn from(_: Error) -> Self {
            Self::Database
        }
    }
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    db.run(label("create", "t"), async |session| {
        session
            .batch_execute("CREATE TABLE t (id int8 PRIMARY KEY)")
            .await
    })
    .await?;
    let insert = label("insert", "t");

    let kept: Result<u64, Error> = db
        .transaction(insert, async |tx| {
            tx.execute("INSERT INTO t VALUES (1)", &[]).await
        })
        .await;
    let refused = db
        .transaction(insert, async |tx| {
            tx.execute("INSERT INTO t VALUES (2)", &[]).await?;
            Err::<(), _>(Mine::TooPoor)
        })
        .await;
    let ignored: Result<(), Error> = db
        .transaction(insert, async |tx| {
            tx.execute("INSERT INTO t VALUES (3)", &[]).await?;
            let clash = tx.execute("INSERT INTO t VALUES (1)", &[]).await;
            assert!(matches!(clash, Err(Error::Constraint { .. })));
            Ok(())
        })
        .await;

    assert_eq!(kept?, 1);
    assert!(matches!(refused, Err(Mine::TooPoor)));
    assert!(
        matches!(&ignored, Err(Error::Query { sqlstate, .. }) if sqlstate.code() == "25P02"),
        "{ignored:?}"
    );
    let rows = db.query(label("select", "t"), "SELECT id FROM t", &[]).await?;
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [1]);
    Ok(())
}

#[tokio::test]
async fn a_changed_schema_does_not_break_prepared_statements() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    let ddl = async |sql: &'static str| {
        db.run(label("ddl", "t"), async |session| {
            session.batch_execute(sql).await
        })
        .await
    };
    ddl("CREATE TABLE t (id int8); INSERT INTO t VALUES (1)").await?;
    let all = "SELECT * FROM t";
    assert_eq!(db.query_one(label("select", "t"), all, &[]).await?.len(), 1);

    ddl("ALTER TABLE t ADD COLUMN name text").await?;

    assert_eq!(db.query_one(label("select", "t"), all, &[]).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn work_can_be_spawned_from_many_tasks() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(3).build()?;
    db.run(label("create", "t"), async |session| {
        session.batch_execute("CREATE TABLE t (id int8)").await
    })
    .await?;
    let mut tasks = JoinSet::new();

    for id in 0..20_i64 {
        let db = db.clone();
        tasks.spawn(async move {
            db.transaction(label("insert", "t"), async |tx| {
                tx.execute("INSERT INTO t VALUES ($1)", &[&id]).await
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        assert_eq!(done??, 1);
    }

    let count = db
        .query_one(label("select", "t"), "SELECT count(*) FROM t", &[])
        .await?;
    assert_eq!(count.get::<_, i64>(0), 20);
    eventually(SOON, "every connection is back", async || {
        (db.stats().in_use == 0).then_some(())
    })
    .await;
    Ok(())
}
