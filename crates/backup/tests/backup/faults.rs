use std::{error::Error as StdError, fs, path::PathBuf, time::Duration};

use groundcrew_backup::{
    Backup, BackupId, Error,
    storage::{LocalDir, StorageError},
};
use groundcrew_base::ByteSize;
use groundcrew_testkit::{eventually, small_disk};

use crate::{
    config,
    shop::{Shop, files_in},
    tools::Tools,
};

#[tokio::test]
async fn a_full_disk_is_told_and_costs_no_older_backup() {
    let shop = Shop::open(10).await;
    let disk = small_disk(ByteSize::mib(2)).await.unwrap();
    let backup = shop.backup_to(LocalDir::new(disk.path().join("backups")), config());
    let older = backup.run().await.unwrap();
    shop.add_noise(8).await;

    let failed = backup.run().await;

    assert!(
        matches!(failed, Err(Error::Storage(StorageError::NoSpace { .. }))),
        "{failed:?}"
    );
    let left = files_in(&disk.path().join("backups"));
    assert_eq!(left.len(), 2, "{left:?}");
    backup.verify(&older.id).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_the_dump_leaves_nothing() {
    let shop = Shop::open(10).await;
    shop.add_noise(16).await;
    // Holds the dump when the server has far more to send than fits in the buffers between.
    let tools = Tools::with_pg_dump(
        "\"$REAL\" \"$@\" | { head -c 65536; touch \"$0.began\"; until [ -e \"$0.go\" ]; do sleep 0.02; done; cat; }; exit ${PIPESTATUS[0]}",
    );
    let mut slow = config();
    slow.pg_bindir = Some(tools.directory());
    let backup = shop.backup(slow);
    let running = tokio::spawn({
        let backup = backup.clone();
        async move { backup.run().await }
    });
    let began = tools.directory().join("pg_dump.began");
    eventually(Duration::from_secs(20), "the dump begins", async || {
        began.exists().then_some(())
    })
    .await;

    shop.server.kill().await.unwrap();
    fs::write(tools.directory().join("pg_dump.go"), "").unwrap();
    let failed = running.await.unwrap().unwrap_err();

    assert!(
        matches!(
            &failed,
            Error::Tool { tool: "pg_dump", .. } | Error::Database { .. }
        ),
        "{failed:?}"
    );
    assert!(failed.is_retryable());
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
    shop.server.start_again().await.unwrap();
    shop.backup(config()).run().await.unwrap();
}

#[tokio::test]
async fn the_lock_is_free_after_a_run_that_was_cut_off() {
    let shop = Shop::open(10).await;
    let tools = Tools::with_pg_dump("touch \"$0.began\"; sleep 30");
    let mut slow = config();
    slow.pg_bindir = Some(tools.directory());
    let cut_off = shop.backup(slow);
    let running = tokio::spawn({
        let cut_off = cut_off.clone();
        async move { cut_off.run().await }
    });
    let began = tools.directory().join("pg_dump.began");
    eventually(Duration::from_secs(20), "the dump begins", async || {
        began.exists().then_some(())
    })
    .await;

    let report = cut_off.shutdown(Duration::from_secs(5)).await;
    let next = shop.backup(config()).run().await;

    assert!(report.is_clean(), "{report}");
    assert!(matches!(running.await.unwrap(), Err(Error::Stopped { .. })));
    assert!(next.is_ok(), "{next:?}");
}

#[tokio::test]
async fn a_deadline_ends_a_dump_that_hangs() {
    let shop = Shop::open(10).await;
    let tools = Tools::with_pg_dump("sleep 30");
    let mut short = config();
    short.pg_bindir = Some(tools.directory());
    short.timeout = Duration::from_millis(300);

    let failed = shop.backup(short).run().await.unwrap_err();

    assert!(failed.is_timeout() && failed.is_retryable(), "{failed:?}");
    assert_eq!(shop.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn no_error_repeats_its_source() {
    let shop = Shop::open(1).await;
    let backup = shop.backup(config());
    let manifest = backup.run().await.unwrap();
    fs::write(
        shop.store
            .path()
            .join(format!("v1/{}/manifest.json", manifest.id)),
        "{}",
    )
    .unwrap();
    let file = shop.store.path().join("file");
    fs::write(&file, "").unwrap();
    let store = || LocalDir::new(shop.store.path());
    let absent = "postgres://nobody:secret@127.0.0.1:1/db";

    let errors = [
        backup.verify(&manifest.id).await.unwrap_err(),
        Backup::builder(absent, store())
            .build()
            .unwrap()
            .run()
            .await
            .unwrap_err(),
        Backup::builder("postgres://h:port", store()).build().unwrap_err(),
        #[cfg(feature = "schedule")]
        "every day".parse::<groundcrew_backup::Schedule>().unwrap_err(),
        "nonsense".parse::<BackupId>().unwrap_err(),
        shop.backup_to(LocalDir::new(file), config())
            .run()
            .await
            .unwrap_err(),
    ];

    for error in errors {
        let mut link: &dyn StdError = &error;
        while let Some(source) = link.source() {
            let (says, because) = (link.to_string(), source.to_string());
            assert!(!says.contains(&because), "{says:?} repeats {because:?}");
            link = source;
        }
    }
}

#[test]
fn what_can_be_tried_again_is_told() {
    let id: BackupId = "20261122T020000Z-7f3a9c01".parse().unwrap();
    let key = || "k".to_owned();
    let database = || "db".to_owned();
    let cases = [
        (Error::AlreadyRunning { database: database() }, true),
        (
            Error::Timeout {
                doing: "d",
                deadline: Duration::ZERO,
            },
            true,
        ),
        (
            Error::Tool {
                tool: "pg_dump",
                status: "1".to_owned(),
                text: String::new(),
            },
            true,
        ),
        (
            StorageError::Unavailable {
                doing: "d",
                key: key(),
                why: String::new(),
            }
            .into(),
            true,
        ),
        (StorageError::Denied { key: key() }.into(), false),
        (StorageError::NoSpace { key: key() }.into(), false),
        (StorageError::NotFound { key: key() }.into(), false),
        (StorageError::AlreadyExists { key: key() }.into(), false),
        (Error::Stopped { doing: "d" }, false),
        (Error::NotFound { id: id.clone() }, false),
        (Error::AlreadyTaken { id: id.clone() }, false),
        (
            Error::Damaged {
                id,
                what: String::new(),
            },
            false,
        ),
        (Error::TargetExists { name: database() }, false),
        (Error::MissingTool { tool: "pg_dump" }, false),
        (
            Error::OldTool {
                tool: "pg_dump",
                found: 14,
                needed: 15,
            },
            false,
        ),
    ];

    for (error, retryable) in cases {
        assert_eq!(error.is_retryable(), retryable, "{error:?}");
    }
}
