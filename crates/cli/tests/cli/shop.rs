use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use groundcrew_backup::{Backup, Storage, storage::StorageConfig};
use groundcrew_base::ManualClock;
use groundcrew_testkit::{Database, Postgres, S3};
use tempfile::TempDir;

use crate::{Ran, groundcrew, running::Running};

/// A database with 250 orders, and a store for its backups.
pub(crate) struct Shop {
    pub(crate) server: Postgres,
    pub(crate) database: Database,
    store: Store,
}

pub(crate) enum Store {
    Directory(TempDir),
    Bucket(S3),
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Store::Directory(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn with_bucket() -> (Self, S3) {
        let s3 = S3::start().await.unwrap();
        (Self::with(Store::Bucket(s3.clone())).await, s3)
    }

    async fn with(store: Store) -> Self {
        let server = Postgres::start().await.unwrap();
        let database = server.database().await.unwrap();
        let client = database.connect().await.unwrap();
        client
            .batch_execute("CREATE TABLE orders AS SELECT n FROM generate_series(1, 250) n")
            .await
            .unwrap();
        Self {
            server,
            database,
            store,
        }
    }

    /// Runs the binary; whatever it does, no password is in what it says.
    pub(crate) fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ran {
        let ran = self.with_environment(more, |environment| groundcrew(arguments, environment));
        self.assert_without_secrets(&ran);
        ran
    }

    /// Starts the binary.
    pub(crate) fn start(&self, arguments: &[&str], more: &[(&str, &str)]) -> Running {
        self.with_environment(more, |environment| Running::start(arguments, environment))
    }

    /// The id of a backup that is taken now.
    pub(crate) fn take(&self) -> String {
        let taken = self.run(&["backup", "run", "--json"], &[]).json();
        taken["backup"]["id"].as_str().unwrap().to_owned()
    }

    /// The id of a backup that was taken so many days ago.
    pub(crate) async fn taken_ago(&self, days: u64) -> String {
        self.taken_at(SystemTime::now() - Duration::from_hours(24 * days))
            .await
    }

    /// The id of a backup by a clock that was so many days ahead.
    pub(crate) async fn taken_ahead(&self, days: u64) -> String {
        self.taken_at(SystemTime::now() + Duration::from_hours(24 * days))
            .await
    }

    async fn taken_at(&self, then: SystemTime) -> String {
        let backup = Backup::builder_with(self.database.url(), self.storage())
            .clock(ManualClock::new(then).clock())
            .build()
            .unwrap();
        backup.run().await.unwrap().id.to_string()
    }

    /// Turns one byte of a backup over.
    pub(crate) fn damage(&self, id: &str) {
        let key = format!("v1/{id}/data/database.dump.zst");
        let file = match &self.store {
            Store::Directory(directory) => directory.path().join(key),
            Store::Bucket(s3) => s3.object_path(&format!("{PREFIX}{key}")),
        };
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(&file, bytes).unwrap();
    }

    /// The keys of everything in the store.
    pub(crate) async fn objects(&self) -> Vec<String> {
        self.storage().list("").await.unwrap()
    }

    /// What the store holds of backups that are not whole: files, or uploads that cost money.
    pub(crate) fn begun(&self) -> Vec<String> {
        match &self.store {
            Store::Directory(directory) => files(directory.path().to_owned()),
            Store::Bucket(s3) => s3.uploads().into_iter().map(|upload| upload.key).collect(),
        }
    }

    /// The names of the server's databases.
    pub(crate) async fn databases(&self) -> Vec<String> {
        let client = self.database.connect().await.unwrap();
        let rows = client
            .query("SELECT datname FROM pg_database", &[])
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub(crate) fn assert_without_secrets(&self, ran: &Ran) {
        let said = format!("{ran:?}");
        assert!(!said.contains(self.server.password()), "{said}");
        if let Store::Bucket(s3) = &self.store {
            assert!(!said.contains(s3.secret_key()), "{said}");
        }
    }

    fn storage(&self) -> Arc<dyn Storage> {
        let mut config = StorageConfig::default();
        match &self.store {
            Store::Directory(directory) => config.directory = Some(directory.path().to_owned()),
            Store::Bucket(s3) => {
                config.bucket = Some(s3.bucket().to_owned());
                config.prefix = PREFIX.to_owned();
                config.endpoint = Some(s3.endpoint());
                config.access_key = Some(s3.access_key().to_owned());
                config.secret_key = Some(s3.secret_key().into());
            }
        }
        config.open().unwrap()
    }

    /// What is given comes last and wins.
    fn with_environment<T>(&self, more: &[(&str, &str)], then: impl FnOnce(&[(&str, &str)]) -> T) -> T {
        let mut variables = vec![("DATABASE_URL", self.database.url())];
        match &self.store {
            Store::Directory(directory) => {
                variables.push(("BACKUP_DIR", directory.path().to_str().unwrap().to_owned()));
            }
            Store::Bucket(s3) => variables.extend([
                ("BACKUP_BUCKET", s3.bucket().to_owned()),
                ("BACKUP_PREFIX", PREFIX.to_owned()),
                ("AWS_REGION", s3.region().to_owned()),
                ("AWS_ENDPOINT_URL", s3.endpoint()),
                ("AWS_ACCESS_KEY_ID", s3.access_key().to_owned()),
                ("AWS_SECRET_ACCESS_KEY", s3.secret_key().to_owned()),
            ]),
        }
        let own = variables.iter().map(|(name, value)| (*name, value.as_str()));
        then(&own.chain(more.iter().copied()).collect::<Vec<_>>())
    }
}

fn files(directory: PathBuf) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(entry.path()));
        } else {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

const PREFIX: &str = "shop/";
