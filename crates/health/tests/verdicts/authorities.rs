//! Certificate authorities in a file that hangs.

use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::checks::{PostgresCheck, RedisCheck};

use super::*;
use crate::hanging_file::HangingFile;

#[tokio::test]
async fn a_file_of_authorities_that_hangs_blocks_no_worker() {
    let (address, _kept) = listener(true).await;
    let (one, other) = (HangingFile::new(), HangingFile::new());
    let postgres = format!(
        "postgres://app@{address}/app?sslmode=verify-full&sslrootcert={}",
        one.path().display()
    );
    let postgres = PostgresCheck::new(PostgresUrl::parse(&postgres).unwrap()).timeout(TIMEOUT);
    let redis = format!("rediss://{address}?cacert={}", other.path().display());
    let redis = RedisCheck::new(RedisUrl::parse(&redis).unwrap()).timeout(TIMEOUT);

    for _ in 0..3 {
        let (postgres, redis) = tokio::join!(postgres.run(), redis.run());

        for (verdict, file) in [(postgres, &one), (redis, &other)] {
            let why = format!(
                "reading the certificates of {} takes too long",
                file.path().display()
            );
            assert_eq!(word(&verdict), "error");
            assert!(verdict.reason().unwrap().ends_with(&why), "{verdict:?}");
        }
    }
}
