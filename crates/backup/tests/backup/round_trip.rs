use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use groundcrew_backup::{Backup, Entry, Error, Ownership, storage::LocalDir};
use groundcrew_base::{Check, ManualClock, Status};
use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_testkit::eventually;

use crate::{config, shop::Shop, tools::Tools};

#[tokio::test]
async fn what_was_dumped_is_what_is_restored() {
    let shop = Shop::open(2_000).await;
    let backup = shop.backup(config());

    let manifest = backup.run().await.unwrap();
    let verification = backup.verify(&manifest.id).await.unwrap();
    let restored = backup
        .restore(&manifest.id, "restored", Ownership::Keep)
        .await
        .unwrap();

    assert_eq!(verification.stored_bytes, manifest.stored_bytes());
    assert_eq!(verification.plain_bytes, manifest.components[0].plain_bytes);
    assert_eq!(restored.rows["public.orders"], 2_000);
    assert_eq!(restored.rows["public.\"Odd Name\""], 1);
    assert_eq!(restored.rows, manifest.components[0].rows);
    let client = shop.connect("restored").await;
    let sum: i64 = client
        .query_one("SELECT sum(amount)::bigint FROM orders", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(sum, (1..=2_000).sum::<i64>());
    assert_eq!(backup.stats().succeeded, 1);
}

#[tokio::test]
async fn an_existing_database_is_never_touched() {
    let shop = Shop::open(10).await;
    let backup = shop.backup(config());
    let manifest = backup.run().await.unwrap();

    let refused = backup
        .restore(&manifest.id, &shop.database, Ownership::Keep)
        .await;

    assert!(matches!(refused, Err(Error::TargetExists { name }) if name == shop.database));
    let client = shop.connect(&shop.database).await;
    let rows: i64 = client
        .query_one("SELECT count(*) FROM orders", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 10);
}

#[tokio::test]
async fn every_flipped_byte_is_found() {
    let shop = Shop::open(300).await;
    let backup = shop.backup(config());
    let manifest = backup.run().await.unwrap();
    let file = shop.store.path().join(&manifest.components[0].objects[0].key);
    let whole = fs::read(&file).unwrap();

    let step = (whole.len() / 40).max(1);
    for at in (0..whole.len()).step_by(step) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&file, damaged).unwrap();

        assert!(
            matches!(backup.verify(&manifest.id).await, Err(Error::Damaged { .. })),
            "byte {at}"
        );
    }
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(
        backup.verify(&manifest.id).await,
        Err(Error::Damaged { .. })
    ));
}

#[tokio::test]
async fn a_damaged_backup_restores_nothing() {
    let shop = Shop::open(300).await;
    let backup = shop.backup(config());
    let manifest = backup.run().await.unwrap();
    let file = shop.store.path().join(&manifest.components[0].objects[0].key);
    let mut damaged = fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    fs::write(&file, damaged).unwrap();

    let refused = backup.restore(&manifest.id, "restored", Ownership::Keep).await;

    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    assert!(!shop.databases().await.contains(&"restored".to_owned()));
    assert_eq!(backup.stats().damaged, 1);
}

#[tokio::test]
async fn a_dump_that_fails_at_its_end_is_no_backup() {
    let shop = Shop::open(300).await;
    let tools = Tools::with_pg_dump("\"$REAL\" \"$@\"; echo 'last words password=hunter2' >&2; exit 1");
    let mut config = config();
    config.pg_bindir = Some(tools.directory());
    let backup = shop.backup(config);

    let failed = backup.run().await;

    let Err(Error::Tool {
        tool: "pg_dump",
        text,
        ..
    }) = failed
    else {
        panic!("{failed:?}")
    };
    assert_eq!(text, "last words password=***");
    assert_eq!(backup.list().await.unwrap(), []);
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
    assert_eq!(backup.stats().failed, 1);
}

#[tokio::test]
async fn a_dump_that_is_killed_is_no_backup() {
    let shop = Shop::open(300).await;
    let tools = Tools::with_pg_dump("\"$REAL\" \"$@\" | head -c 4000; kill -9 $$");
    let mut config = config();
    config.pg_bindir = Some(tools.directory());
    let backup = shop.backup(config);

    let failed = backup.run().await;

    assert!(
        matches!(failed, Err(Error::Tool { tool: "pg_dump", .. })),
        "{failed:?}"
    );
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_second_backup_of_the_same_database_is_refused_while_one_runs() {
    let shop = Shop::open(10).await;
    let tools = Tools::with_pg_dump("touch \"$0.began\"; sleep 30");
    let mut slow = config();
    slow.pg_bindir = Some(tools.directory());
    let (first, second) = (shop.backup(slow), shop.backup(config()));
    let running = tokio::spawn({
        let first = first.clone();
        async move { first.run().await }
    });
    let began = tools.directory().join("pg_dump.began");
    eventually(Duration::from_secs(10), "the first dump begins", async || {
        began.exists().then_some(())
    })
    .await;

    let refused = second.run().await;
    let report = first.shutdown(Duration::from_secs(5)).await;

    assert!(
        matches!(refused, Err(Error::AlreadyRunning { .. })),
        "{refused:?}"
    );
    assert!(report.is_clean(), "{report}");
    assert!(matches!(running.await.unwrap(), Err(Error::Stopped { .. })));
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_frozen_server_ends_with_the_deadline() {
    let shop = Shop::open(10).await;
    let mut config = config();
    config.connect_timeout = Duration::from_millis(300);
    let backup = shop.backup(config);
    shop.server.pause().unwrap();

    let failed = backup.run().await;
    shop.server.resume().unwrap();

    assert!(
        matches!(&failed, Err(Error::Connect(error)) if error.is_timeout()),
        "{failed:?}"
    );
    assert!(failed.unwrap_err().is_retryable());
}

#[tokio::test]
async fn the_password_is_in_no_argument_list() {
    let shop = Shop::open(10).await;
    let tools = Tools::with_pg_dump("tr '\\0' ' ' < /proc/$$/cmdline > \"$0.args\"; exec \"$REAL\" \"$@\"");
    let mut config = config();
    config.pg_bindir = Some(tools.directory());

    shop.backup(config).run().await.unwrap();

    let arguments = fs::read_to_string(tools.directory().join("pg_dump.args")).unwrap();
    assert!(arguments.contains("--snapshot="), "{arguments}");
    assert!(!arguments.contains(shop.server.password()), "{arguments}");
}

#[tokio::test]
async fn old_backups_go_and_the_newest_stay() {
    let shop = Shop::open(1).await;
    let hands = ManualClock::new(std::time::SystemTime::now());
    let backup = Backup::builder(shop.url(), LocalDir::new(shop.store.path()))
        .config(config())
        .clock(hands.clock())
        .build()
        .unwrap();
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(backup.run().await.unwrap().id);
        hands.advance(Duration::from_hours(24 * 10));
    }

    let stale = backup.prune().await.unwrap();
    taken.push(backup.run().await.unwrap().id);
    let plan = backup.prune().await.unwrap();

    assert_eq!(stale.delete, []);
    assert_eq!(
        stale.refused,
        Some(groundcrew_backup::retention::Refusal::NewestTooOld)
    );
    assert_eq!(plan.delete, [taken[1].clone(), taken[0].clone()]);
    let left: Vec<_> = backup
        .list()
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.id().clone())
        .collect();
    assert_eq!(left, taken[2..]);
}

#[tokio::test]
async fn freshness_is_read_from_the_store() {
    let shop = Shop::open(1).await;
    let hands = ManualClock::new(std::time::SystemTime::now());
    let build = || {
        Backup::builder(shop.url(), LocalDir::new(shop.store.path()))
            .config(config())
            .clock(hands.clock())
            .build()
            .unwrap()
    };
    let (taker, other) = (build(), build());

    let none = other.freshness().run().await;
    taker.run().await.unwrap();
    let fresh = other.freshness().run().await;
    hands.advance(Duration::from_hours(37));
    let stale = other.freshness().run().await;

    assert_eq!(
        (none.status(), none.reason()),
        (Status::Degraded, Some("there is no backup"))
    );
    assert_eq!(fresh.status(), Status::Healthy);
    assert_eq!(
        (stale.status(), stale.reason()),
        (Status::Degraded, Some("the newest backup is too old"))
    );
}

#[tokio::test]
async fn a_ready_url_is_taken_as_it_is() {
    let shop = Shop::open(1).await;
    let url = PostgresUrl::parse(&shop.url()).unwrap();
    let store = LocalDir::new(shop.store.path());

    let backup = Backup::builder_for(url.with_database("postgres"), Arc::new(store))
        .config(config())
        .build()
        .unwrap();

    assert_eq!(backup.run().await.unwrap().database, "postgres");
}

#[tokio::test]
async fn data_without_a_manifest_is_listed_as_incomplete() {
    let shop = Shop::open(1).await;
    let backup = shop.backup(config());
    let manifest = backup.run().await.unwrap();
    fs::remove_file(
        shop.store
            .path()
            .join(format!("v1/{}/manifest.json", manifest.id)),
    )
    .unwrap();

    let listed = backup.list().await.unwrap();

    assert!(
        matches!(listed.as_slice(), [Entry::Incomplete { id }] if *id == manifest.id),
        "{listed:?}"
    );
    assert!(matches!(
        backup.verify(&manifest.id).await,
        Err(Error::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_stands_in_no_others_way() {
    let shop = Shop::open(1).await;
    let backup = shop.backup(config());
    let good = backup.run().await.unwrap();
    let manifest = |id: &str| shop.store.path().join(format!("v1/{id}/manifest.json"));
    let (cut, newer) = ("29991122T020000Z-00000001", "29991122T020000Z-00000002");
    for (id, text) in [(cut, "{\"format\": 1, \"id\""), (newer, "{\"format\": 2}")] {
        fs::create_dir_all(manifest(id).parent().unwrap()).unwrap();
        fs::write(manifest(id), text).unwrap();
    }

    let listed = backup.list().await.unwrap();
    let plan = backup.prune().await.unwrap();

    assert!(
        matches!(
            listed.as_slice(),
            [Entry::Backup(first), Entry::Damaged { id }, Entry::Damaged { .. }]
                if **first == good && id.to_string() == cut
        ),
        "{listed:?}"
    );
    assert_eq!((plan.keep.len(), plan.delete.len()), (1, 0));
    assert_eq!(backup.catalog().newest().await.unwrap(), Some(good));
    let damaged = backup.verify(&cut.parse().unwrap()).await;
    assert!(matches!(damaged, Err(Error::Manifest { .. })), "{damaged:?}");
    let refused = backup.verify(&newer.parse().unwrap()).await;
    assert!(
        matches!(
            refused,
            Err(Error::NewerFormat {
                found: 2,
                known: 1,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn files_are_readable_by_their_owner_alone() {
    let shop = Shop::open(1).await;
    shop.backup(config()).run().await.unwrap();

    let files = shop.files();

    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
}
