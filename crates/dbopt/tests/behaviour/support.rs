use std::{error::Error as StdError, time::Duration};

use futures_util::future::try_join_all;
use groundcrew_dbopt::{Db, DbBuilder, Error, label};
use groundcrew_testkit::{Database, eventually};
use tokio::sync::Barrier;

pub(crate) type TestResult = Result<(), Box<dyn StdError>>;

/// Far more than any deadline that a test sets, far less than the minute that its statements sleep.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// A database of its own, and a builder for it.
pub(crate) async fn database() -> Result<(Database, DbBuilder), Box<dyn StdError>> {
    let database = groundcrew_testkit::database().await?;
    let builder = Db::builder(database.url());
    Ok((database, builder))
}

/// Takes this many connections at once, and gives the size of the pool while they are out.
pub(crate) async fn size_when_held(db: &Db, count: usize) -> Result<usize, Error> {
    let barrier = Barrier::new(count + 1);
    let holders = (0..count).map(|_| {
        db.run(label("hold", "none"), async |session| {
            session.query("SELECT 1", &[]).await?;
            barrier.wait().await;
            barrier.wait().await;
            Ok::<_, Error>(())
        })
    });
    let looking = async {
        barrier.wait().await;
        let size = db.stats().size;
        barrier.wait().await;
        Ok(size)
    };
    let (_, size) = tokio::try_join!(try_join_all(holders), looking)?;
    Ok(size)
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
