use std::time::Duration;

use groundcrew_base::{Evidence, Secret};
use groundcrew_dbopt::{Db, Error, label};
use groundcrew_testkit::{Postgres, Proxy, eventually};
use tokio::time::timeout;

use crate::support::{SOON, TestResult, size_when_held};

const ONE: &str = "SELECT 1";

#[tokio::test]
async fn the_pool_recovers_when_a_killed_server_is_back() -> TestResult {
    let server = Postgres::start().await?;
    let db = Db::builder(server.url()).pool_size(4).build()?;
    let select = label("select", "none");
    assert_eq!(size_when_held(&db, 4).await?, 4);

    server.kill().await?;
    let down = eventually(
        Duration::from_secs(5),
        "the server is seen to be gone",
        async || match db.query(select, ONE, &[]).await {
            Err(error @ Error::Unavailable(_)) => Some(error),
            _ => None,
        },
    )
    .await;
    server.start_again().await?;
    eventually(Duration::from_secs(10), "the pool works again", async || {
        db.query(select, ONE, &[]).await.ok()
    })
    .await;

    assert!(down.is_retryable() && !down.is_outcome_unknown());
    for _ in 0..50 {
        assert_eq!(db.query_one(select, ONE, &[]).await?.get::<_, i32>(0), 1);
    }
    let seen = db.observe();
    assert!(seen.last_success() > seen.last_failure());
    Ok(())
}

#[tokio::test]
async fn a_frozen_server_costs_no_more_than_the_deadline() -> TestResult {
    let server = Postgres::start().await?;
    let db = Db::builder(server.url())
        .pool_size(2)
        .query_timeout(Duration::from_millis(400))
        .acquire_timeout(Duration::from_millis(500))
        .connect_timeout(Duration::from_millis(500))
        .cancel_timeout(Duration::from_millis(300))
        .build()?;
    let select = label("select", "none");
    db.query(select, ONE, &[]).await?;

    server.pause()?;
    for _ in 0..4 {
        let error = timeout(SOON, db.query(select, ONE, &[])).await?.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
    server.resume()?;

    let row = eventually(Duration::from_secs(5), "the pool works again", async || {
        db.query_one(select, ONE, &[]).await.ok()
    })
    .await;
    assert_eq!(row.get::<_, i32>(0), 1);
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_told_from_an_absent_server() -> TestResult {
    let server = Postgres::start().await?;
    let refused = Db::builder(server.url())
        .password(|| Secret::from("not it"))
        .build()?
        .query(label("select", "none"), ONE, &[])
        .await
        .unwrap_err();
    let url = server.url();
    server.stop().await?;

    let absent = Db::builder(url)
        .build()?
        .query(label("select", "none"), ONE, &[])
        .await
        .unwrap_err();

    assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
    assert!(!refused.is_retryable());
    assert!(matches!(absent, Error::Unavailable(_)), "{absent:?}");
    assert!(absent.is_retryable());
    for error in [&refused, &absent] {
        assert!(!format!("{error:?}").contains("not it"));
    }
    Ok(())
}

#[tokio::test]
async fn a_rotated_password_is_used_by_the_next_connection() -> TestResult {
    let server = Postgres::start().await?;
    let current = std::sync::Arc::new(std::sync::Mutex::new(server.password().to_owned()));
    let source = std::sync::Arc::clone(&current);
    let db = Db::builder(server.url())
        .pool_size(2)
        .password(move || Secret::new(source.lock().unwrap().clone()))
        .build()?;
    let select = label("select", "none");
    db.query(select, ONE, &[]).await?;

    db.run(label("rotate", "none"), async |session| {
        session
            .batch_execute(
                "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD ''new''', current_user); END $$",
            )
            .await
    })
    .await?;
    *current.lock().unwrap() = "new".to_owned();

    assert_eq!(size_when_held(&db, 2).await?, 2);
    Ok(())
}

#[tokio::test]
async fn verified_tls_carries_queries_and_cancel_requests() -> TestResult {
    let server = Postgres::builder().tls().start().await?;
    let authority = server.tls().unwrap().authority().display().to_string();
    let separator = if server.url().contains('?') { '&' } else { '?' };
    let url = format!(
        "{}{separator}sslmode=verify-full&sslrootcert={authority}",
        server.url()
    );
    let db = Db::builder(url).query_timeout(Duration::from_secs(2)).build()?;
    let select = label("select", "none");

    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(db.query_one(select, encrypted, &[]).await?.get::<_, bool>(0));
    let late = db.query(select, "SELECT pg_sleep(60), 'over tls'", &[]).await;

    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%over tls%' \
         AND pid <> pg_backend_pid()";
    eventually(Duration::from_secs(5), "the statement ends", async || {
        let row = db.query_one(select, running, &[]).await.ok()?;
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    assert_eq!(db.stats().cancelled, 1);
    Ok(())
}

#[tokio::test]
async fn a_silent_first_host_keeps_no_connection_from_the_second() -> TestResult {
    let server = Postgres::start().await?;
    let silent = Proxy::start(server.addr()).await?;
    silent.black_hole();
    let url = server.url().replacen('@', &format!("@{},", silent.addr()), 1);
    let db = Db::builder(url).connect_timeout(Duration::from_secs(4)).build()?;

    let row = eventually(SOON * 4, "the second host answers", async || {
        db.query_one(label("select", "none"), ONE, &[]).await.ok()
    })
    .await;

    assert_eq!(row.get::<_, i32>(0), 1);
    Ok(())
}
