use std::{future::pending, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use groundcrew_backup::{
    BackupConfig, Error, Ownership, Storage,
    storage::{LocalDir, ObjectWriter, StorageError},
};
use tokio::{io::AsyncRead, time::timeout};

use crate::{config, shop::Shop, tools::Tools};

/// A store that takes everything and then never answers again, neither to read nor to delete.
struct Stuck(LocalDir);

struct StuckWriter(Box<dyn ObjectWriter>);

#[async_trait]
impl Storage for Stuck {
    fn location(&self) -> String {
        self.0.location()
    }

    async fn begin(&self, key: &str) -> Result<Box<dyn ObjectWriter>, StorageError> {
        Ok(Box::new(StuckWriter(self.0.begin(key).await?)))
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<(), StorageError> {
        self.0.put_new(key, body).await
    }

    async fn open(&self, _: &str) -> Result<Box<dyn AsyncRead + Send + Unpin>, StorageError> {
        pending().await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        self.0.list(prefix).await
    }

    async fn delete(&self, _: &str) -> Result<(), StorageError> {
        pending().await
    }
}

#[async_trait]
impl ObjectWriter for StuckWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        self.0.write(chunk).await
    }

    async fn finish(&mut self) -> Result<(), StorageError> {
        self.0.finish().await
    }

    async fn abort(self: Box<Self>) {
        pending::<()>().await;
    }
}

fn short() -> BackupConfig {
    let mut short = config();
    short.timeout = Duration::from_millis(300);
    short.cleanup_timeout = Duration::from_millis(100);
    short
}

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_store_that_hangs_ends_a_restore_with_the_deadline() {
    let shop = Shop::open(1).await;
    let id = shop.backup(config()).run().await.unwrap().id;
    let backup = shop.backup_to(Stuck(LocalDir::new(shop.store.path())), short());

    let restored = timeout(LIMIT, backup.restore(&id, "restored", Ownership::Keep)).await;

    let failed = restored.unwrap().unwrap_err();
    assert!(failed.is_timeout(), "{failed:?}");
    assert!(!shop.databases().await.contains(&"restored".to_owned()));
}

#[tokio::test]
async fn a_store_that_hangs_does_not_hold_the_shutdown_of_a_restore() {
    let shop = Shop::open(1).await;
    let id = shop.backup(config()).run().await.unwrap().id;
    let backup = shop.backup_to(Stuck(LocalDir::new(shop.store.path())), config());
    let restoring = tokio::spawn({
        let backup = backup.clone();
        async move { backup.restore(&id, "restored", Ownership::Keep).await }
    });

    let report = backup.shutdown(LIMIT).await;

    assert!(report.is_clean(), "{report}");
    assert!(matches!(restoring.await.unwrap(), Err(Error::Stopped { .. })));
}

#[tokio::test]
async fn a_store_that_hangs_does_not_hold_a_backup_that_failed() {
    let shop = Shop::open(1).await;
    let tools = Tools::with_pg_dump("sleep 30");
    let mut config = short();
    config.pg_bindir = Some(tools.directory());
    let backup = shop.backup_to(Stuck(LocalDir::new(shop.store.path())), config);

    let taken = timeout(LIMIT, backup.run()).await;

    let failed = taken.unwrap().unwrap_err();
    assert!(failed.is_timeout(), "{failed:?}");
}
