use std::{
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use groundcrew_backup::{
    Backup, BackupStats, Storage,
    storage::{LocalDir, ObjectWriter, StorageError},
};
use groundcrew_base::{Detail, ManualClock};
use groundcrew_testkit::eventually;
use tempfile::NamedTempFile;
use tokio::io::AsyncRead;

use crate::{config, shop::Shop};

/// Ten milliseconds before the slot of `0 2 * * *` that follows the epoch by some years.
fn just_before_two() -> ManualClock {
    let day = Duration::from_hours(24 * 365 * 50);
    ManualClock::new(SystemTime::UNIX_EPOCH + day + Duration::from_hours(2) - Duration::from_millis(10))
}

fn replica(shop: &Shop, hands: &ManualClock) -> Backup {
    replica_with(LocalDir::new(shop.store.path()), shop, hands)
}

fn replica_with(storage: impl Storage, shop: &Shop, hands: &ManualClock) -> Backup {
    Backup::builder(shop.url(), storage)
        .config(config())
        .clock(hands.clock())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_backup_is_taken_when_its_time_has_come() {
    let shop = Shop::open(10).await;
    let hands = just_before_two();
    let backup = replica(&shop, &hands);

    backup.start_schedule();
    let before = backup.list().await.unwrap();
    hands.advance(Duration::from_millis(20));
    eventually(Duration::from_secs(20), "the scheduled backup", async || {
        (backup.stats().succeeded == 1).then_some(())
    })
    .await;
    let report = backup.shutdown(Duration::from_secs(5)).await;

    assert_eq!(before, []);
    assert!(report.is_clean(), "{report}");
    assert_eq!(shop.files().len(), 2, "{:?}", shop.files());
}

#[tokio::test]
async fn of_two_replicas_with_one_schedule_one_takes_the_backup() {
    let shop = Shop::open(10).await;
    let hands = just_before_two();
    let replicas = [replica(&shop, &hands), replica(&shop, &hands)];
    for replica in &replicas {
        replica.start_schedule();
    }

    hands.advance(Duration::from_millis(20));
    let taken = || -> u64 { replicas.iter().map(|replica| replica.stats().succeeded).sum() };
    eventually(Duration::from_secs(20), "the scheduled backup", async || {
        (taken() > 0).then_some(())
    })
    .await;
    for replica in &replicas {
        assert!(replica.shutdown(Duration::from_secs(5)).await.is_clean());
    }

    assert_eq!(taken(), 1);
    assert_eq!(shop.files().len(), 2, "{:?}", shop.files());
    assert_eq!(
        replicas.iter().map(|replica| replica.stats().failed).sum::<u64>(),
        0
    );
}

#[tokio::test]
async fn a_schedule_that_is_started_twice_runs_once() {
    let shop = Shop::open(1).await;
    let backup = replica(&shop, &just_before_two());

    backup.start_schedule();
    backup.clone().start_schedule();
    let report = backup.shutdown(Duration::from_secs(5)).await;

    assert!(report.is_clean(), "{report}");
    assert_eq!(report.details().find("running"), Some(&Detail::UInt(1)));
}

#[tokio::test]
async fn a_panic_is_a_failed_backup_and_the_schedule_goes_on() {
    let log = NamedTempFile::new().unwrap();
    let writer = Mutex::new(log.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(writer)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let shop = Shop::open(10).await;
    let hands = just_before_two();
    let backup = replica_with(Panics::new(&shop, &hands), &shop, &hands);
    let slot = async |what: &str, is: fn(BackupStats) -> bool| {
        // A test beside this one may have met the same events first, while nobody listened.
        tracing::callsite::rebuild_interest_cache();
        hands.advance(Duration::from_millis(20));
        eventually(Duration::from_secs(20), what, async || {
            is(backup.stats()).then_some(())
        })
        .await;
    };

    backup.start_schedule();
    slot("the first object panics", |stats| stats.failed == 1).await;
    slot("the first manifest panics", |stats| stats.failed == 2).await;
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
    slot("the third backup", |stats| stats.succeeded == 1).await;

    assert!(backup.shutdown(Duration::from_secs(5)).await.is_clean());
    assert_eq!(shop.files().len(), 2, "{:?}", shop.files());
    let log = fs::read_to_string(log.path()).unwrap();
    let alerts = |state: &str| log.matches(&format!("alert.state=\"{state}\"")).count();
    assert_eq!((alerts("firing"), alerts("resolved")), (2, 1), "{log}");
    assert!(log.contains("panicked: no object, token=***"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

/// A store whose first object and first manifest panic, each shortly before the next slot.
struct Panics {
    store: LocalDir,
    hands: ManualClock,
    object: AtomicBool,
    manifest: AtomicBool,
}

impl Panics {
    fn new(shop: &Shop, hands: &ManualClock) -> Self {
        Self {
            store: LocalDir::new(shop.store.path()),
            hands: hands.clone(),
            object: AtomicBool::new(true),
            manifest: AtomicBool::new(true),
        }
    }

    fn pass(&self, armed: &AtomicBool, what: &str) {
        if armed.load(Ordering::SeqCst) {
            self.hands
                .advance(Duration::from_hours(24) - Duration::from_millis(20));
        }
        assert!(!armed.swap(false, Ordering::SeqCst), "no {what}, token=hunter2");
    }
}

#[async_trait]
impl Storage for Panics {
    fn location(&self) -> String {
        self.store.location()
    }

    async fn begin(&self, key: &str) -> Result<Box<dyn ObjectWriter>, StorageError> {
        self.pass(&self.object, "object");
        self.store.begin(key).await
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<(), StorageError> {
        self.pass(&self.manifest, "manifest");
        self.store.put_new(key, body).await
    }

    async fn open(&self, key: &str) -> Result<Box<dyn AsyncRead + Send + Unpin>, StorageError> {
        self.store.open(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        self.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.store.delete(key).await
    }
}
