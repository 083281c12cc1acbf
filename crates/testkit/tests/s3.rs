//! The S3 server, through the client that services use.

use std::{net::TcpStream, time::Duration};

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{
        ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectLockMode, ServerSideEncryption,
    },
};
use groundcrew_testkit::{S3, eventually};
use s3_client::client;
use tokio::task::JoinSet;

mod s3_client;

const PART: usize = 5 * 1024 * 1024;

async fn server() -> (S3, Client) {
    let s3 = S3::start().await.expect("a port");
    let client = client(&s3, s3.secret_key());
    (s3, client)
}

/// Waits until the server has taken on this many requests of an operation.
async fn arrived(s3: &S3, operation: &str, count: u64) {
    eventually(Duration::from_secs(10), "a request in flight", async || {
        (s3.requests(operation) == count).then_some(())
    })
    .await;
}

/// A process that another test starts holds what was open for the moment before it becomes its program.
async fn assert_refused(s3: &S3) {
    eventually(Duration::from_secs(5), "a refusal", async || {
        let refused = TcpStream::connect(s3.addr()).err()?;
        (refused.kind() == std::io::ErrorKind::ConnectionRefused).then_some(())
    })
    .await;
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or("no code").to_owned()
}

async fn begin(s3: &S3, client: &Client, key: &str) -> String {
    let created = client
        .create_multipart_upload()
        .bucket(s3.bucket())
        .key(key)
        .send()
        .await;
    created.expect("an upload").upload_id.expect("an identifier")
}

async fn part(s3: &S3, client: &Client, key: &str, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let stored = client
        .upload_part()
        .bucket(s3.bucket())
        .key(key)
        .upload_id(id)
        .part_number(number)
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .body(ByteStream::from(body))
        .send()
        .await
        .expect("a part");
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(stored.e_tag)
        .set_checksum_sha256(stored.checksum_sha256)
        .build()
}

fn list(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

#[tokio::test]
async fn objects_are_stored_listed_read_and_deleted() {
    let (s3, client) = server().await;
    let body = ByteStream::from_static(b"hello");
    client
        .put_object()
        .bucket(s3.bucket())
        .key("a/b")
        .body(body)
        .send()
        .await
        .expect("stored");

    let listed = client
        .list_objects_v2()
        .bucket(s3.bucket())
        .prefix("a/")
        .send()
        .await
        .expect("a list");
    let read = client
        .get_object()
        .bucket(s3.bucket())
        .key("a/b")
        .send()
        .await
        .expect("an object");

    assert_eq!(listed.contents()[0].key(), Some("a/b"));
    assert_eq!(read.body.collect().await.expect("a body").to_vec(), b"hello");
    assert_eq!(std::fs::read(s3.object_path("a/b")).expect("a file"), b"hello");
    client
        .delete_object()
        .bucket(s3.bucket())
        .key("a/b")
        .send()
        .await
        .expect("deleted");
    assert!(!s3.object_path("a/b").exists());
}

#[tokio::test]
async fn a_wrong_secret_is_rejected() {
    let (s3, _) = server().await;

    let error = client(&s3, "wrong")
        .list_objects_v2()
        .bucket(s3.bucket())
        .send()
        .await
        .expect_err("refused");

    assert_eq!(code(&error), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn an_upload_is_assembled_from_its_parts_and_listed_while_open() {
    let (s3, client) = server().await;
    let id = begin(&s3, &client, "big").await;
    let first = part(&s3, &client, "big", &id, 1, vec![1; PART]).await;
    let second = part(&s3, &client, "big", &id, 2, vec![2; 10]).await;
    assert!(first.checksum_sha256().is_some());

    let open = client
        .list_multipart_uploads()
        .bucket(s3.bucket())
        .send()
        .await
        .expect("a list");
    assert_eq!(open.uploads()[0].upload_id(), Some(id.as_str()));
    assert_eq!((s3.uploads()[0].key.as_str(), s3.uploads()[0].parts), ("big", 2));
    let complete = client
        .complete_multipart_upload()
        .bucket(s3.bucket())
        .key("big")
        .upload_id(&id);
    complete
        .multipart_upload(list(vec![first, second]))
        .send()
        .await
        .expect("completed");

    assert_eq!(s3.uploads(), []);
    let file = std::fs::read(s3.object_path("big")).expect("a file");
    assert_eq!((file.len(), file[PART - 1], file[PART]), (PART + 10, 1, 2));
}

#[tokio::test]
async fn a_part_with_a_wrong_digest_is_refused_and_not_stored() {
    let (s3, client) = server().await;
    let id = begin(&s3, &client, "k").await;

    let error = client
        .upload_part()
        .bucket(s3.bucket())
        .key("k")
        .upload_id(&id)
        .part_number(1)
        .checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        .body(ByteStream::from_static(b"not empty"))
        .send()
        .await
        .expect_err("refused");

    assert_eq!(code(&error), "BadDigest");
    assert_eq!(s3.uploads()[0].parts, 0);
}

#[tokio::test]
async fn an_object_with_a_wrong_digest_is_refused_and_not_stored() {
    let (s3, client) = server().await;

    let put = client
        .put_object()
        .bucket(s3.bucket())
        .key("k")
        .body(ByteStream::from_static(b"not empty"));
    let error = put
        .content_md5("1B2M2Y8AsgTpgAmY7PhCfg==")
        .send()
        .await
        .expect_err("refused");

    assert_eq!(code(&error), "BadDigest");
    assert!(!s3.object_path("k").exists());
}

#[tokio::test]
async fn completing_with_a_part_that_was_not_uploaded_so_is_refused_and_the_upload_stays() {
    let (s3, client) = server().await;
    let id = begin(&s3, &client, "k").await;
    let mut stored = part(&s3, &client, "k", &id, 1, vec![1; 10]).await;
    let complete = client
        .complete_multipart_upload()
        .bucket(s3.bucket())
        .key("k")
        .upload_id(&id);
    stored.e_tag = Some(String::from("\"00000000000000000000000000000000\""));

    let error = complete
        .multipart_upload(list(vec![stored]))
        .send()
        .await
        .expect_err("refused");

    assert_eq!(code(&error), "InvalidPart");
    assert_eq!(s3.uploads().len(), 1);
    assert!(!s3.object_path("k").exists());
}

#[tokio::test]
async fn an_aborted_upload_is_gone_and_cannot_be_aborted_again() {
    let (s3, client) = server().await;
    let id = begin(&s3, &client, "k").await;
    let abort = || {
        client
            .abort_multipart_upload()
            .bucket(s3.bucket())
            .key("k")
            .upload_id(&id)
            .send()
    };

    abort().await.expect("aborted");
    let error = abort().await.expect_err("gone");

    assert_eq!(code(&error), "NoSuchUpload");
    assert_eq!(s3.uploads(), []);
}

#[tokio::test]
async fn open_uploads_are_listed_in_pages_and_can_be_aged() {
    let (s3, client) = server().await;
    for key in ["a", "b", "c"] {
        begin(&s3, &client, key).await;
    }
    s3.age_uploads(Duration::from_secs(3 * 86_400));

    let first = client
        .list_multipart_uploads()
        .bucket(s3.bucket())
        .max_uploads(2)
        .send()
        .await
        .expect("a page");
    let second = client
        .list_multipart_uploads()
        .bucket(s3.bucket())
        .set_key_marker(first.next_key_marker.clone())
        .set_upload_id_marker(first.next_upload_id_marker.clone())
        .send()
        .await
        .expect("a page");

    assert_eq!(first.is_truncated(), Some(true));
    let keys: Vec<_> = first
        .uploads()
        .iter()
        .chain(second.uploads())
        .filter_map(|upload| upload.key())
        .collect();
    assert_eq!(keys, ["a", "b", "c"]);
    let age = s3.uploads()[0].initiated.elapsed().expect("in the past");
    assert!(age >= Duration::from_secs(3 * 86_400), "{age:?}");
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_asked_and_then_no_more() {
    let (s3, client) = server().await;
    s3.fail_next("PutObject", 503, 2);
    let put = || {
        client
            .put_object()
            .bucket(s3.bucket())
            .key("k")
            .body(ByteStream::from(vec![1; 1 << 20]))
            .send()
    };

    let codes = [put().await, put().await].map(|answer| code(&answer.expect_err("a fault")));
    put().await.expect("the third is stored");

    assert_eq!(codes, ["SlowDown", "SlowDown"]);
    assert_eq!(s3.requests("PutObject"), 3);
}

#[tokio::test]
async fn a_lost_reply_leaves_the_object_stored() {
    let (s3, client) = server().await;
    s3.lose_reply_next("PutObject", 1);

    let answer = client
        .put_object()
        .bucket(s3.bucket())
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;

    assert!(matches!(
        answer.expect_err("no answer"),
        SdkError::DispatchFailure(_)
    ));
    assert_eq!(std::fs::read(s3.object_path("k")).expect("a file"), b"x");
}

#[tokio::test]
async fn completing_can_fail_behind_a_status_of_200() {
    let (s3, client) = server().await;
    let id = begin(&s3, &client, "k").await;
    let stored = part(&s3, &client, "k", &id, 1, vec![1; 10]).await;
    s3.fail_next("CompleteMultipartUpload", 200, 1);

    let complete = client
        .complete_multipart_upload()
        .bucket(s3.bucket())
        .key("k")
        .upload_id(&id);
    let error = complete
        .multipart_upload(list(vec![stored]))
        .send()
        .await
        .expect_err("an error in the body");

    let raw = error.raw_response().expect("a response");
    let body = String::from_utf8_lossy(raw.body().bytes().unwrap_or_default()).into_owned();
    assert_eq!(raw.status().as_u16(), 200);
    assert!(body.contains("<Error><Code>InternalError</Code>"), "{body}");
    assert_eq!(s3.uploads().len(), 1);
}

#[tokio::test]
async fn a_truncated_body_is_noticed_by_the_client() {
    let (s3, client) = server().await;
    let body = ByteStream::from(vec![7; 100_000]);
    client
        .put_object()
        .bucket(s3.bucket())
        .key("k")
        .body(body)
        .send()
        .await
        .expect("stored");
    s3.truncate_next(10_000, 1);

    let broken = client
        .get_object()
        .bucket(s3.bucket())
        .key("k")
        .send()
        .await
        .expect("it begins well");

    assert!(broken.body.collect().await.is_err());
    let whole = client
        .get_object()
        .bucket(s3.bucket())
        .key("k")
        .send()
        .await
        .expect("an object");
    assert_eq!(
        whole.body.collect().await.expect("a body").to_vec().len(),
        100_000
    );
}

#[tokio::test]
async fn a_delay_holds_the_requests_of_its_operation_alone_and_until_it_is_cleared() {
    let (s3, client) = server().await;
    let head = || client.head_bucket().bucket(s3.bucket()).send();
    s3.delay("HeadBucket", Duration::from_secs(3600));
    let mut held = JoinSet::new();
    held.spawn(head());
    arrived(&s3, "HeadBucket", 1).await;

    let put = client.put_object().bucket(s3.bucket()).key("k");
    put.send().await.expect("another operation is not held");
    assert!(held.try_join_next().is_none(), "the delay is not over");

    s3.clear_faults();
    head().await.expect("no delay is left for new requests");
    assert!(held.try_join_next().is_none(), "the delay is not over");
}

#[tokio::test]
async fn a_delayed_request_is_carried_out() {
    let (s3, client) = server().await;
    s3.delay("HeadBucket", Duration::from_millis(50));

    client
        .head_bucket()
        .bucket(s3.bucket())
        .send()
        .await
        .expect("it exists");

    assert_eq!(s3.requests("HeadBucket"), 1);
}

#[tokio::test]
async fn a_paused_server_answers_after_it_is_resumed_and_a_killed_one_after_it_is_started() {
    let (s3, client) = server().await;
    let head = || client.head_bucket().bucket(s3.bucket()).send();

    s3.pause();
    let mut held = JoinSet::new();
    held.spawn(head());
    arrived(&s3, "HeadBucket", 1).await;
    assert!(
        held.try_join_next().is_none(),
        "it answered although it is paused"
    );
    s3.resume();
    let answer = held.join_next().await.expect("one request").expect("no panic");
    answer.expect("it answers");

    s3.pause();
    s3.kill();
    assert!(matches!(
        head().await.expect_err("nobody listens"),
        SdkError::DispatchFailure(_)
    ));
    s3.start_again();
    head().await.expect("a server that starts is not paused");
}

#[tokio::test]
async fn a_stopped_server_answers_what_is_in_flight_then_refuses_and_comes_back_with_its_data() {
    let (s3, client) = server().await;
    let stored = ByteStream::from_static(b"in flight");
    let put = client.put_object().bucket(s3.bucket()).key("k").body(stored);
    // The pause makes sure of a request in flight, and ends when the listener has closed.
    s3.pause();
    let mut held = JoinSet::new();
    held.spawn(put.send());
    arrived(&s3, "PutObject", 1).await;

    s3.stop().await.expect("all requests end");

    let answer = held.join_next().await.expect("one request").expect("no panic");
    answer.expect("what was in flight is answered");
    assert_refused(&s3).await;
    s3.start_again();
    // A client of its own: the old one may not have noticed yet that its connections are closed.
    let fresh = self::client(&s3, s3.secret_key());
    let read = fresh.get_object().bucket(s3.bucket()).key("k").send().await;
    let body = read.expect("an object").body.collect().await;
    assert_eq!(body.expect("a body").to_vec(), b"in flight");
}

#[tokio::test]
async fn a_stop_waits_for_a_delayed_request() {
    let (s3, client) = server().await;
    s3.delay("HeadBucket", Duration::from_millis(300));
    let mut held = JoinSet::new();
    held.spawn(client.head_bucket().bucket(s3.bucket()).send());
    arrived(&s3, "HeadBucket", 1).await;

    s3.stop().await.expect("all requests end");

    let answer = held.join_next().await.expect("one request").expect("no panic");
    answer.expect("what was in flight is answered");
    assert_refused(&s3).await;
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_is_no_news_to_a_server_that_is_down() {
    let (s3, client) = server().await;
    let head = client.head_bucket().bucket(s3.bucket());
    head.send().await.expect("it answers and the connection is kept");
    let _silent = TcpStream::connect(s3.addr()).expect("it listens");

    s3.stop().await.expect("nothing is in flight");
    s3.stop().await.expect("it is down already");

    assert_refused(&s3).await;
}

#[tokio::test]
async fn lock_and_encryption_headers_are_recorded() {
    let (s3, client) = server().await;
    client
        .put_object()
        .bucket(s3.bucket())
        .key("k")
        .server_side_encryption(ServerSideEncryption::Aes256)
        .object_lock_mode(ObjectLockMode::Compliance)
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .expect("stored");

    let writes = s3.writes();

    assert_eq!((writes[0].operation, writes[0].key.as_str()), ("PutObject", "k"));
    assert_eq!(writes[0].header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(writes[0].header("x-amz-object-lock-mode"), Some("COMPLIANCE"));
    assert_eq!(writes[0].header("authorization"), None);
}
