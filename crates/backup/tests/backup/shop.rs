use std::{
    fs,
    path::{Path, PathBuf},
};

use groundcrew_backup::{Backup, BackupConfig, Storage, storage::LocalDir};
use groundcrew_testkit::{Database, Postgres};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// A private server with a database to lose, and a directory to keep its backups in.
pub(crate) struct Shop {
    pub(crate) server: Postgres,
    pub(crate) database: String,
    pub(crate) store: TempDir,
    held: Database,
}

impl Shop {
    pub(crate) async fn open(orders: i64) -> Self {
        let server = Postgres::start().await.unwrap();
        let held = server.database().await.unwrap();
        let client = held.connect().await.unwrap();
        client
            .batch_execute(
                "CREATE TABLE orders (id bigint PRIMARY KEY, amount bigint NOT NULL, note text);
                 CREATE TABLE \"Odd Name\" (\"a b\" text);
                 INSERT INTO \"Odd Name\" VALUES ('x')",
            )
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO orders SELECT n, n, md5(n::text) FROM generate_series(1, $1::bigint) n",
                &[&orders],
            )
            .await
            .unwrap();
        Self {
            server,
            database: held.name().to_owned(),
            store: tempfile::tempdir().unwrap(),
            held,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.held.url()
    }

    pub(crate) fn backup(&self, config: BackupConfig) -> Backup {
        self.backup_to(LocalDir::new(self.store.path()), config)
    }

    pub(crate) fn backup_to(&self, storage: impl Storage, config: BackupConfig) -> Backup {
        Backup::builder(self.url(), storage)
            .config(config)
            .build()
            .unwrap()
    }

    /// Adds a table of this many MiB that hardly compress.
    pub(crate) async fn add_noise(&self, mib: i64) {
        let client = self.held.connect().await.unwrap();
        client
            .batch_execute("CREATE TABLE noise (bytes bytea)")
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO noise SELECT sha512(random()::text::bytea) FROM generate_series(1, $1::bigint)",
                &[&(mib * 16 * 1024)],
            )
            .await
            .unwrap();
    }

    pub(crate) async fn connect(&self, database: &str) -> Client {
        let mut config: tokio_postgres::Config = self.url().parse().unwrap();
        let (client, connection) = config.dbname(database).connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub(crate) async fn databases(&self) -> Vec<String> {
        let rows = self
            .connect("postgres")
            .await
            .query("SELECT datname FROM pg_database", &[])
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Every file in the store.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_in(self.store.path())
    }
}

/// Every file below a directory.
pub(crate) fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}
