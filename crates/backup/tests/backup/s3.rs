use std::time::Duration;

use bytes::Bytes;
use groundcrew_backup::{
    Backup, Error, Ownership, Storage,
    storage::{S3, StorageError},
};
use groundcrew_base::{ByteSize, ManualClock};
use groundcrew_testkit::{S3 as Server, eventually};

use crate::{config, shop::Shop};

fn store(server: &Server) -> S3 {
    store_with(server, server.secret_key())
}

fn store_with(server: &Server, secret_key: &str) -> S3 {
    let (access_key, secret_key) = (server.access_key(), secret_key.to_owned());
    S3::builder(server.bucket(), server.region())
        .endpoint(server.endpoint())
        .prefix("shop/")
        .part_size(ByteSize::mib(5))
        .credentials(move || (access_key.to_owned(), secret_key.as_str().into()))
        .build()
}

/// What a failed backup must leave: no object, and no upload that costs money.
async fn assert_nothing_left(server: &Server) {
    assert_eq!(store(server).list("").await.unwrap(), Vec::<String>::new());
    assert_eq!(server.uploads(), []);
}

#[tokio::test]
async fn a_backup_of_several_parts_comes_back_whole() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(2_000).await);
    shop.add_noise(13).await;
    let hands = ManualClock::new(std::time::SystemTime::now());
    let mut keep_one = config();
    keep_one.min_keep = 1;
    let backup = Backup::builder(shop.url(), store(&server))
        .config(keep_one)
        .clock(hands.clock())
        .build()
        .unwrap();

    let manifest = backup.run().await.unwrap();
    let verification = backup.verify(&manifest.id).await.unwrap();
    let restored = backup
        .restore(&manifest.id, "restored", Ownership::Keep)
        .await
        .unwrap();

    assert!(
        server.requests("UploadPart") >= 3,
        "{} parts",
        server.requests("UploadPart")
    );
    assert_eq!(server.uploads(), []);
    assert_eq!(verification.stored_bytes, manifest.stored_bytes());
    assert_eq!(restored.rows["public.noise"], 13 * 16 * 1024);
    let listed = backup.list().await.unwrap();
    assert_eq!(
        listed
            .iter()
            .filter_map(|entry| entry.manifest())
            .collect::<Vec<_>>(),
        [&manifest]
    );

    hands.advance(Duration::from_hours(24 * 40));
    let newer = backup.run().await.unwrap();
    let plan = backup.prune().await.unwrap();

    assert_eq!(
        (plan.delete, plan.keep),
        (vec![manifest.id], vec![newer.id.clone()])
    );
    let keys = store(&server).list("v1/").await.unwrap();
    assert!(keys.iter().all(|key| key.contains(newer.id.as_str())), "{keys:?}");
}

#[tokio::test]
async fn a_part_that_is_refused_for_a_moment_is_sent_again() {
    for status in [500, 503] {
        let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
        server.fail_next("UploadPart", status, 1);
        let backup = shop.backup_to(store(&server), config());

        let manifest = backup.run().await.unwrap();

        assert_eq!(server.requests("UploadPart"), 2, "status {status}");
        backup.verify(&manifest.id).await.unwrap();
    }
}

#[tokio::test]
async fn an_upload_that_cannot_be_completed_is_no_backup() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    server.fail_next("CompleteMultipartUpload", 500, 10);
    let backup = shop.backup_to(store(&server), config());

    let failed = backup.run().await.unwrap_err();

    assert!(
        matches!(
            &failed,
            Error::Storage(StorageError::Unavailable {
                doing: "completing",
                ..
            })
        ),
        "{failed:?}"
    );
    assert!(failed.is_retryable());
    assert_eq!(server.requests("AbortMultipartUpload"), 1);
    assert_nothing_left(&server).await;
}

#[tokio::test]
async fn an_upload_whose_completion_is_refused_with_status_200_is_no_backup() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    server.fail_next("CompleteMultipartUpload", 200, 10);

    let failed = shop.backup_to(store(&server), config()).run().await;

    assert!(matches!(failed, Err(Error::Storage(_))), "{failed:?}");
    assert_nothing_left(&server).await;
}

#[tokio::test]
async fn an_upload_whose_completion_is_never_answered_leaves_nothing() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    server.lose_reply_next("CompleteMultipartUpload", 10);

    let failed = shop.backup_to(store(&server), config()).run().await;

    assert!(matches!(failed, Err(Error::Storage(_))), "{failed:?}");
    assert_nothing_left(&server).await;
}

#[tokio::test]
async fn a_manifest_that_cannot_be_stored_takes_its_data_along() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    server.fail_next("PutObject", 503, 10);

    let failed = shop.backup_to(store(&server), config()).run().await;

    assert!(matches!(failed, Err(Error::Storage(_))), "{failed:?}");
    assert_nothing_left(&server).await;
}

#[tokio::test]
async fn a_shutdown_in_the_middle_of_an_upload_aborts_it() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    server.delay("UploadPart", Duration::from_secs(60));
    let backup = shop.backup_to(store(&server), config());
    let running = tokio::spawn({
        let backup = backup.clone();
        async move { backup.run().await }
    });
    eventually(Duration::from_secs(20), "a part is on its way", async || {
        (server.requests("UploadPart") == 1 && server.uploads().len() == 1).then_some(())
    })
    .await;

    let report = backup.shutdown(Duration::from_secs(10)).await;

    assert!(report.is_clean(), "{report}");
    assert!(matches!(running.await.unwrap(), Err(Error::Stopped { .. })));
    assert_nothing_left(&server).await;
}

#[tokio::test]
async fn an_object_that_lost_its_end_is_found() {
    let (server, shop) = (Server::start().await.unwrap(), Shop::open(300).await);
    let backup = shop.backup_to(store(&server), config());
    let manifest = backup.run().await.unwrap();
    let damaged = server.object_path(&format!("shop/{}", manifest.components[0].objects[0].key));
    let whole = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, whole.get(..whole.len() - 100).unwrap()).unwrap();

    let refused = backup.verify(&manifest.id).await;

    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_object_is_never_stored_over_another() {
    let server = Server::start().await.unwrap();
    let store = store(&server);
    store.put_new("v1/a", Bytes::from_static(b"first")).await.unwrap();

    let refused = store.put_new("v1/a", Bytes::from_static(b"second")).await;

    assert!(
        matches!(&refused, Err(StorageError::AlreadyExists { key }) if key == "shop/v1/a"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(server.object_path("shop/v1/a")).unwrap(), b"first");
}

#[tokio::test]
async fn a_wrong_secret_key_is_denied_and_never_shown() {
    const WRONG: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    let server = Server::start().await.unwrap();
    let store = store_with(&server, WRONG);

    let errors = [
        store.list("").await.err(),
        store.put_new("v1/a", Bytes::new()).await.err(),
        store.open("v1/a").await.err(),
        store.begin("v1/a").await.err(),
        store.delete("v1/a").await.err(),
    ];

    for error in errors {
        let error = error.expect("refused");
        assert!(matches!(error, StorageError::Denied { .. }), "{error:?}");
        assert!(!format!("{error} {error:?} {store:?}").contains(WRONG));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable_and_says_why_without_secrets() {
    let server = Server::start().await.unwrap();
    let store = store(&server);
    server.kill();

    let error = store.list("").await.unwrap_err();

    assert!(error.is_retryable(), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(server.secret_key()));
}
