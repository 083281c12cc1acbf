use std::{error::Error as StdError, time::Duration};

use groundcrew_dbopt::{Db, DbBuilder};
use groundcrew_testkit::{Database, eventually};

pub(crate) type TestResult = Result<(), Box<dyn StdError>>;

/// A database of its own, and a builder for it.
pub(crate) async fn database() -> Result<(Database, DbBuilder), Box<dyn StdError>> {
    let database = groundcrew_testkit::database().await?;
    let builder = Db::builder(database.url());
    Ok((database, builder))
}

/// Waits until no backend of the database runs a statement that contains `marker`.
pub(crate) async fn gone(database: &Database, marker: &str, limit: Duration) {
    let observer = database.connect().await.unwrap();
    eventually(limit, "the statement ends on the server", async || {
        running(&observer, marker).await.eq(&0).then_some(())
    })
    .await;
}

/// Waits until exactly one backend runs a statement that contains `marker`.
pub(crate) async fn started(database: &Database, marker: &str) {
    let observer = database.connect().await.unwrap();
    eventually(
        Duration::from_secs(10),
        "the statement starts on the server",
        async || running(&observer, marker).await.eq(&1).then_some(()),
    )
    .await;
}

async fn running(observer: &tokio_postgres::Client, marker: &str) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND state <> 'idle' AND query LIKE '%' || $1 || '%'";
    observer.query_one(sql, &[&marker]).await.unwrap().get(0)
}
