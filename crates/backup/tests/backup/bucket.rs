use std::time::Duration;

use groundcrew_backup::storage::{BucketCheck, S3};
use groundcrew_base::{Check, Detail, Status, Verdict};
use groundcrew_testkit::{S3 as Server, eventually};

const LIMIT: Duration = Duration::from_secs(5);

fn check(server: &Server, bucket: &str, secret_key: &str) -> BucketCheck {
    let (access_key, secret_key) = (server.access_key(), secret_key.to_owned());
    let store = S3::builder(bucket, server.region())
        .endpoint(server.endpoint())
        .credentials(move || (access_key.to_owned(), secret_key.as_str().into()))
        .build();
    BucketCheck::new(&store).timeout(Duration::from_millis(500))
}

fn word(verdict: &Verdict) -> (Detail, Status) {
    let word = verdict.details().find("verdict");
    (word.cloned().unwrap_or(Detail::Bool(false)), verdict.status())
}

fn is(word: &'static str, status: Status) -> (Detail, Status) {
    (Detail::from(word), status)
}

#[tokio::test]
async fn a_bucket_is_asked_for_once_and_nothing_is_stored() {
    let server = Server::start().await.unwrap();

    let verdict = check(&server, server.bucket(), server.secret_key()).run().await;

    assert_eq!(word(&verdict), is("up", Status::Healthy));
    assert_eq!(verdict.details().find("statusCode"), Some(&Detail::UInt(200)));
    assert_eq!(
        verdict.details().find("bucket"),
        Some(&Detail::from(server.bucket()))
    );
    assert_eq!((server.requests("HeadBucket"), server.writes().len()), (1, 0));
}

#[tokio::test]
async fn what_keeps_a_bucket_from_answering_is_told_apart() {
    let server = Server::start().await.unwrap();
    let fine = check(&server, server.bucket(), server.secret_key());

    let missing = check(&server, "nowhere", server.secret_key()).run().await;
    assert_eq!(word(&missing), is("missing", Status::Unhealthy));
    let refused = check(&server, server.bucket(), "hunter2").run().await;
    assert_eq!(word(&refused), is("auth", Status::Unhealthy));
    assert!(!format!("{refused:?}").contains("hunter2"));
    server.fail_next("HeadBucket", 503, 1);
    assert_eq!(word(&fine.run().await), is("throttled", Status::Degraded));
    server.fail_next("HeadBucket", 500, 1);
    assert_eq!(word(&fine.run().await), is("error", Status::Unhealthy));

    server.pause();
    assert_eq!(word(&fine.run().await), is("frozen", Status::Unhealthy));
    server.resume();
    server.kill();
    assert_eq!(word(&fine.run().await), is("down", Status::Unhealthy));
    server.start_again();
    let back = eventually(LIMIT, "up again", async || {
        let verdict = fine.run().await;
        (verdict.status() == Status::Healthy).then_some(verdict)
    });
    assert_eq!(word(&back.await), is("up", Status::Healthy));
}
