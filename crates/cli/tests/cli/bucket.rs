//! S3, by the credentials in the environment.

use crate::shop::Shop;

async fn orders(shop: &Shop, database: &str) -> i64 {
    let url = shop.database.url().replace(shop.database.name(), database);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let (counted, _) = tokio::join!(
        async move {
            let row = client.query_one("SELECT sum(n) FROM orders", &[]).await.unwrap();
            row.get(0)
        },
        connection
    );
    counted
}

#[tokio::test]
async fn a_backup_in_a_bucket_is_listed_verified_and_restored() {
    let (shop, s3) = Shop::with_bucket().await;

    let taken = shop.run(&["--json", "backup", "run"], &[]).json();
    let id = taken["backup"]["id"].as_str().unwrap();
    let listed = shop.run(&["backup", "list", "--json"], &[]).json();
    let verified = shop.run(&["backup", "verify", id, "--json"], &[]).json();
    let arguments = ["backup", "restore", id, "--into", "again", "--json"];
    let restored = shop.run(&arguments, &[]).json();

    assert_eq!(
        shop.objects().await,
        [
            format!("v1/{id}/data/database.dump.zst"),
            format!("v1/{id}/manifest.json")
        ]
    );
    assert!(s3.object_path(&format!("shop/v1/{id}/manifest.json")).exists());
    assert_eq!(s3.uploads(), []);
    assert_eq!(listed["backups"], serde_json::json!([taken["backup"]]));
    assert_eq!(taken["backup"]["state"], "whole");
    assert_eq!(verified["stored_bytes"], taken["backup"]["stored_bytes"]);
    assert_eq!(restored["rows"], serde_json::json!({ "public.orders": 250 }));
    assert_eq!(orders(&shop, "again").await, 250 * 251 / 2);
}

#[tokio::test]
async fn what_is_wrong_with_the_bucket_has_its_exit_code() {
    let (shop, s3) = Shop::with_bucket().await;
    let id = shop.take();

    let denied = shop.run(
        &["backup", "list"],
        &[("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")],
    );
    let foreign = shop.run(&["backup", "list"], &[("AWS_ACCESS_KEY_ID", "AKIANOBODY")]);
    let away = shop.run(
        &["backup", "verify", &id],
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")],
    );
    shop.damage(&id);
    let damaged = shop.run(&["backup", "verify", &id], &[]);
    let refused = shop.run(&["backup", "restore", &id, "--into", "again"], &[]);

    for refused in [&denied, &foreign] {
        assert_eq!(
            (refused.code, refused.err.as_str()),
            (1, "groundcrew: access to shop/v1/ is denied\n"),
        );
    }
    assert_eq!(away.code, 69, "{away:?}");
    assert_eq!(away.err.lines().count(), 1, "{away:?}");
    assert_eq!((damaged.code, refused.code), (3, 3), "{damaged:?} {refused:?}");
    assert!(!shop.databases().await.contains(&"again".to_owned()));
    assert_eq!(s3.uploads(), []);
}

#[tokio::test]
async fn an_upload_that_fails_leaves_no_backup() {
    let (shop, s3) = Shop::with_bucket().await;
    s3.fail_next("CompleteMultipartUpload", 500, 10);

    let failed = shop.run(&["backup", "run", "--json"], &[]);

    assert_eq!((failed.code, failed.out.as_str()), (69, ""), "{failed:?}");
    assert_eq!(shop.objects().await, Vec::<String>::new());
    assert_eq!(s3.uploads(), []);
}
