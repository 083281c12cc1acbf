use std::time::{Duration, SystemTime};

use groundcrew_backup::{Backup, storage::LocalDir};
use groundcrew_base::ManualClock;
use groundcrew_testkit::eventually;

use crate::{config, shop::Shop};

/// Ten milliseconds before the slot of `0 2 * * *` that follows the epoch by some years.
fn just_before_two() -> ManualClock {
    let day = Duration::from_hours(24 * 365 * 50);
    ManualClock::new(SystemTime::UNIX_EPOCH + day + Duration::from_hours(2) - Duration::from_millis(10))
}

fn replica(shop: &Shop, hands: &ManualClock) -> Backup {
    Backup::builder(shop.url(), LocalDir::new(shop.store.path()))
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
