use std::process::Command;

use groundcrew_testkit::Postgres;

use crate::{config, shop::Shop, tools::real_directory};

const PAGE: &str = include_str!("../../../../docs/restore-by-hand.md");

/// The commands of the page, as they stand.
fn commands() -> &'static str {
    let block = PAGE.split_once("```bash\n").expect("a block of commands").1;
    block.split_once("```").expect("the end of the block").0
}

#[tokio::test]
async fn the_commands_of_the_page_restore_a_backup_without_us() {
    let shop = Shop::open(500).await;
    let manifest = shop.backup(config()).run().await.unwrap();

    let status = by_hand(&shop.server, &shop, manifest.id.as_str());

    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let client = shop.connect("by_hand").await;
    let rows: i64 = client
        .query_one("SELECT count(*) FROM orders", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 500);
}

#[tokio::test]
async fn the_commands_of_the_page_stop_at_a_damaged_backup() {
    let shop = Shop::open(500).await;
    let manifest = shop.backup(config()).run().await.unwrap();
    let file = shop.store.path().join(&manifest.components[0].objects[0].key);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();

    let status = by_hand(&shop.server, &shop, manifest.id.as_str());

    assert!(!status.status.success());
    assert!(!shop.databases().await.contains(&"by_hand".to_owned()));
}

fn by_hand(server: &Postgres, shop: &Shop, id: &str) -> std::process::Output {
    let path = std::env::join_paths(
        [real_directory()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let config: tokio_postgres::Config = server.url().parse().unwrap();
    Command::new("bash")
        .arg("-c")
        .arg(commands())
        .env("PATH", path.unwrap())
        .env("PGHOST", server.addr().ip().to_string())
        .env("PGPORT", server.addr().port().to_string())
        .env("PGUSER", config.get_user().unwrap())
        .env("PGPASSWORD", server.password())
        .env("BACKUP_DIR", shop.store.path())
        .env("ID", id)
        .env("NEW_DATABASE", "by_hand")
        .output()
        .unwrap()
}
