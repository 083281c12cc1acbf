//! Signals: what was begun is removed, and the exit code says what ended it.

use std::time::Duration;

use groundcrew_testkit::eventually;
use rustix::process::Signal;

use crate::{
    running::{Running, To, gone},
    shop::Shop,
    tools::Tools,
};

/// Tools that begin and then hang: a dump in the middle, a restore when all rows are there.
fn hanging_tools(shop: &Shop) -> Tools {
    let tools = Tools::new(&shop.server);
    tools.hang("pg_dump", "head -c 20000000 /dev/urandom");
    tools.hang("pg_restore", r#""$REAL" "$@""#);
    tools
}

async fn hanging(tools: &Tools, tool: &str) -> u32 {
    eventually(LIMIT, tool, async || tools.hanging(tool)).await
}

async fn assert_nothing_is_left(shop: &Shop) {
    assert_eq!(shop.objects().await, Vec::<String>::new());
    assert_eq!(shop.begun(), Vec::<String>::new());
    let listed = shop.run(&["backup", "list", "--json"], &[]).json();
    assert_eq!(listed["backups"], serde_json::json!([]));
}

async fn end_a_backup(shop: &Shop, signal: Signal, to: To) -> (i32, String, String) {
    let tools = hanging_tools(shop);
    let running = shop.start(&["--json", "backup", "run"], &[tools.variable()]);
    let dump = hanging(&tools, "pg_dump").await;
    eventually(LIMIT, "something in the store", async || shop.begun().pop()).await;

    running.signal(signal, to);
    let ended = running.end().await;

    gone(dump).await;
    assert_nothing_is_left(shop).await;
    shop.assert_without_secrets(&ended);
    (ended.code, ended.out, ended.err)
}

#[tokio::test]
async fn a_backup_to_a_directory_that_is_ended_leaves_nothing() {
    let shop = Shop::open().await;

    let interrupted = end_a_backup(&shop, Signal::INT, To::Group).await;
    let terminated = end_a_backup(&shop, Signal::TERM, To::Process).await;

    let said = |signal| format!("groundcrew: taking the backup was stopped by {signal}\n");
    assert_eq!(interrupted, (130, String::new(), said("SIGINT")));
    assert_eq!(terminated, (143, String::new(), said("SIGTERM")));
}

#[tokio::test]
async fn a_backup_to_a_bucket_that_is_ended_leaves_neither_object_nor_upload() {
    let (shop, s3) = Shop::with_bucket().await;

    let interrupted = end_a_backup(&shop, Signal::INT, To::Group).await;
    let terminated = end_a_backup(&shop, Signal::TERM, To::Process).await;

    assert_eq!((interrupted.0, terminated.0), (130, 143));
    assert_eq!(s3.requests("AbortMultipartUpload"), 2);
    assert_eq!(s3.requests("CompleteMultipartUpload"), 0);
}

#[tokio::test]
async fn a_backup_can_be_taken_after_one_was_ended() {
    let shop = Shop::open().await;
    end_a_backup(&shop, Signal::TERM, To::Process).await;

    let id = shop.take();

    let verified = shop.run(&["backup", "verify", &id, "--json"], &[]).json();
    assert_eq!(verified["id"], id);
}

#[tokio::test]
async fn a_restore_that_is_ended_drops_its_database() {
    let shop = Shop::open().await;
    let id = shop.take();

    for (signal, to, code) in [(Signal::INT, To::Group, 130), (Signal::TERM, To::Process, 143)] {
        let tools = hanging_tools(&shop);
        let arguments = ["backup", "restore", &id, "--into", "again"];
        let running = shop.start(&arguments, &[tools.variable()]);
        let restore = hanging(&tools, "pg_restore").await;
        assert!(shop.databases().await.contains(&"again".to_owned()));

        running.signal(signal, to);
        let ended = running.end().await;

        gone(restore).await;
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{ended:?}");
        assert!(
            ended.err.starts_with("groundcrew: restoring was stopped by SIG"),
            "{ended:?}"
        );
        assert!(!shop.databases().await.contains(&"again".to_owned()));
    }
    let listed = shop.run(&["backup", "list", "--json"], &[]).json();
    assert_eq!(listed["backups"][0]["state"], "whole");
}

#[tokio::test]
async fn a_store_that_does_not_answer_does_not_hold_a_listing_that_is_ended() {
    let (shop, s3) = Shop::with_bucket().await;
    s3.pause();
    let running = shop.start(&["backup", "list"], &[]);
    eventually(LIMIT, "a request", async || {
        (s3.requests("ListObjectsV2") > 0).then_some(())
    })
    .await;

    running.signal(Signal::TERM, To::Process);
    let ended = running.end().await;

    assert_eq!(
        (ended.code, ended.err.as_str()),
        (143, "groundcrew: listing the backups was stopped by SIGTERM\n")
    );
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_removal() {
    let (shop, s3) = Shop::with_bucket().await;
    let tools = hanging_tools(&shop);
    let running: Running = shop.start(&["backup", "run"], &[tools.variable()]);
    let dump = hanging(&tools, "pg_dump").await;
    eventually(LIMIT, "an upload", async || shop.begun().pop()).await;
    s3.pause();

    running.signal(Signal::TERM, To::Process);
    // The dump ends with the first signal.
    gone(dump).await;
    running.signal(Signal::INT, To::Process);
    let ended = running.end().await;

    assert_eq!(
        (ended.code, ended.err.as_str()),
        (
            143,
            "groundcrew: stopped by SIGTERM at once: what was begun may be left\n"
        )
    );
    s3.resume();
    assert_eq!(shop.objects().await, Vec::<String>::new());
    assert_eq!(s3.requests("CompleteMultipartUpload"), 0);
}

const LIMIT: Duration = Duration::from_secs(20);
