use std::{collections::BTreeMap, time::Duration};

use groundcrew_connect::postgres::PostgresUrl;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::Error;

/// A transaction that holds one view of the database, for the dump and for the counts that prove it.
///
/// It also holds the lock that keeps a second backup of the same database away, on every replica: an
/// advisory lock, which ends with the session however that ends.
pub(crate) struct Snapshot {
    client: Client,
    // Carries the client's messages; dropping it closes the session.
    _connection: JoinSet<()>,
    id: String,
    database: String,
    server_version: String,
    server_major: u32,
}

impl Snapshot {
    pub(crate) async fn take(url: &PostgresUrl, deadline: Duration) -> Result<Self, Error> {
        let (client, connection) = open(url, deadline).await?;
        let row = client
            .query_one("SELECT current_database(), current_setting('server_version'), current_setting('server_version_num')::int", &[])
            .await
            .map_err(Error::database("reading the server's version"))?;
        let database: String = row.get(0);
        let server_version: String = row.get(1);
        let number: i32 = row.get(2);
        lock(&client, &database).await?;
        client
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            .await
            .map_err(Error::database("beginning a snapshot"))?;
        let row = client
            .query_one("SELECT pg_export_snapshot()", &[])
            .await
            .map_err(Error::database("exporting the snapshot"))?;
        Ok(Self {
            id: row.get(0),
            client,
            _connection: connection,
            database,
            server_version,
            server_major: u32::try_from(number / 10_000).unwrap_or(0),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn server_version(&self) -> &str {
        &self.server_version
    }

    pub(crate) const fn server_major(&self) -> u32 {
        self.server_major
    }

    /// Gives the view and the lock back, so that the next backup need not wait for the session to end.
    pub(crate) async fn release(self, deadline: Duration) {
        let release = self
            .client
            .batch_execute("ROLLBACK; SELECT pg_advisory_unlock_all()");
        // Whatever goes wrong here, the end of the session releases both.
        drop(tokio::time::timeout(deadline, release).await);
    }

    /// Counts the rows of every table in this view.
    pub(crate) async fn rows(&self) -> Result<BTreeMap<String, u64>, Error> {
        count_rows(&self.client).await
    }
}

/// Opens a session; the connection's task ends with the returned set.
pub(super) async fn open(url: &PostgresUrl, deadline: Duration) -> Result<(Client, JoinSet<()>), Error> {
    let (client, connection) = url.connect(deadline).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    Ok((client, tasks))
}

/// Counts the rows of every table that a dump holds: ordinary tables outside the system's schemas and
/// outside extensions, whose tables' contents belong to the extension.
pub(super) async fn count_rows(client: &Client) -> Result<BTreeMap<String, u64>, Error> {
    let tables = client
        .query(TABLES, &[])
        .await
        .map_err(Error::database("listing the tables"))?;
    let mut rows = BTreeMap::new();
    for table in tables {
        let name: String = table.get(0);
        let counted = client
            .query_one(&format!("SELECT count(*) FROM ONLY {name}"), &[])
            .await
            .map_err(Error::database("counting rows"))?;
        let count: i64 = counted.get(0);
        rows.insert(name, u64::try_from(count).unwrap_or(0));
    }
    Ok(rows)
}

async fn lock(client: &Client, database: &str) -> Result<(), Error> {
    let row = client
        .query_one("SELECT pg_try_advisory_lock(hashtextextended('backup', 0))", &[])
        .await
        .map_err(Error::database("taking the backup lock"))?;
    if row.get(0) {
        Ok(())
    } else {
        Err(Error::AlreadyRunning {
            database: database.to_owned(),
        })
    }
}

/// `%I` quotes the names, so that each is safe in a statement.
const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u') \
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' \
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
    ORDER BY 1";
