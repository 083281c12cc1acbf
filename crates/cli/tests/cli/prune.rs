use serde_json::json;

use crate::shop::Shop;

const ONE: (&str, &str) = ("BACKUP_RETENTION_MIN_KEEP", "1");

async fn assert_prunes(shop: &Shop) {
    let (oldest, old) = (shop.taken_ago(40).await, shop.taken_ago(35).await);
    let (young, new) = (shop.taken_ago(20).await, shop.take());
    let all = shop.objects().await;

    let planned = shop
        .run(&["backup", "prune", "--dry-run", "--json"], &[ONE])
        .json();
    let after_plan = shop.objects().await;
    let pruned = shop.run(&["backup", "prune", "--json"], &[ONE]).json();

    let document = |dry_run| {
        json!({
            "schema": "backup.prune/1", "dry_run": dry_run,
            "keep": [new, young], "delete": [old, oldest], "refused": null
        })
    };
    assert_eq!(planned, document(true));
    assert_eq!(after_plan, all);
    assert_eq!(pruned, document(false));
    let left = shop.objects().await;
    assert_eq!(left.len(), 4, "{left:?}");
    let of = |id: &str| left.iter().filter(|key| key.contains(id)).count();
    assert_eq!((of(&young), of(&new)), (2, 2), "{left:?}");
    let listed = shop.run(&["backup", "list", "--json"], &[]).json();
    let ids: Vec<_> = listed["backups"].as_array().unwrap().iter().collect();
    assert_eq!(
        ids.iter().map(|row| &row["id"]).collect::<Vec<_>>(),
        [&young, &new]
    );
}

#[tokio::test]
async fn old_backups_go_from_a_directory() {
    assert_prunes(&Shop::open().await).await;
}

#[tokio::test]
async fn old_backups_go_from_a_bucket() {
    let (shop, s3) = Shop::with_bucket().await;

    assert_prunes(&shop).await;

    assert_eq!(s3.uploads(), []);
}

#[tokio::test]
async fn the_settings_decide_what_is_old() {
    let shop = Shop::open().await;
    let (old, new) = (shop.taken_ago(9).await, shop.take());

    let by_default = shop.run(&["backup", "prune", "--json"], &[ONE]).json();
    let enough = [("BACKUP_RETENTION_DAYS", "7"), ("BACKUP_RETENTION_MIN_KEEP", "2")];
    let the_last_two = shop.run(&["backup", "prune", "--json"], &enough).json();
    let pruned = shop.run(&["backup", "prune"], &[("BACKUP_RETENTION_DAYS", "7"), ONE]);

    assert_eq!(by_default["keep"], json!([new, old]));
    assert_eq!(the_last_two["keep"], json!([new, old]));
    assert_eq!(pruned.code, 0, "{pruned:?}");
    let lines: Vec<_> = pruned.out.lines().collect();
    assert_eq!(lines[1..], [format!("{old}  deleted"), format!("{new}  kept")]);
}

#[tokio::test]
async fn nothing_goes_when_the_newest_is_too_old() {
    let shop = Shop::open().await;
    let (oldest, old) = (shop.taken_ago(60).await, shop.taken_ago(40).await);
    let all = shop.objects().await;

    let refused = shop.run(&["backup", "prune", "--json"], &[ONE]).json();
    let told = shop.run(&["backup", "prune"], &[ONE]);

    assert_eq!(refused["refused"], "newest_too_old");
    assert_eq!(
        (&refused["keep"], &refused["delete"]),
        (&json!([old, oldest]), &json!([]))
    );
    assert!(
        told.out
            .ends_with("nothing is deleted: the newest backup is too old\n"),
        "{told:?}"
    );
    assert_eq!(shop.objects().await, all);
}

#[tokio::test]
async fn nothing_goes_when_the_clock_was_set() {
    let shop = Shop::open().await;
    let old = shop.taken_ago(40).await;
    let ahead = shop.taken_ahead(2).await;

    let refused = shop.run(&["backup", "prune", "--json"], &[ONE]).json();

    assert_eq!(refused["refused"], "clock_moved");
    assert_eq!(refused["keep"], json!([ahead, old]));
}
