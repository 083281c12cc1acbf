use std::fs;

use crate::{shop::Shop, tools::Tools};

#[tokio::test]
async fn a_backup_is_taken_listed_verified_and_restored() {
    let shop = Shop::open().await;

    let taken = shop.run(&["--json", "backup", "run"], &[]).json();
    let id = taken["backup"]["id"].as_str().unwrap();
    let listed = shop.run(&["backup", "list", "--json"], &[]).json();
    let verified = shop.run(&["backup", "verify", id, "--json"], &[]).json();
    let arguments = [
        "backup", "restore", id, "--into", "again", "--owner", "current", "--json",
    ];
    let restored = shop.run(&arguments, &[]).json();

    assert_eq!(taken["schema"], "backup.run/1");
    assert_eq!(listed["schema"], "backup.list/1");
    assert_eq!(listed["backups"], serde_json::json!([taken["backup"]]));
    assert_eq!(taken["backup"]["state"], "whole");
    assert_eq!(taken["backup"]["rows"], 250);
    assert_eq!(verified["schema"], "backup.verify/1");
    assert_eq!(verified["stored_bytes"], taken["backup"]["stored_bytes"]);
    assert_eq!(restored["schema"], "backup.restore/1");
    assert_eq!(restored["rows"], serde_json::json!({ "public.orders": 250 }));
}

#[tokio::test]
async fn people_are_shown_tables() {
    let shop = Shop::open().await;
    let id = shop.take();

    let listed = shop.run(&["backup", "list"], &[]);
    let verified = shop.run(&["backup", "verify", &id], &[]);
    let restored = shop.run(&["backup", "restore", &id, "--into", "again"], &[]);
    let pruned = shop.run(&["backup", "prune", "--dry-run"], &[]);

    let mut lines = listed.out.lines();
    assert_eq!(
        lines.next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["ID", "STARTED", "DATABASE", "STORED", "STATE"]
    );
    let row = lines.next().unwrap();
    assert!(row.starts_with(&id) && row.ends_with("whole"), "{row}");
    assert!(
        verified.out.starts_with(&format!("{id} is whole: ")),
        "{verified:?}"
    );
    assert!(restored.out.contains("\npublic.orders  250\n"), "{restored:?}");
    assert_eq!(
        pruned.out,
        format!("ID{}  DECISION\n{id}  kept\n", " ".repeat(id.len() - 2))
    );
}

#[tokio::test]
async fn failures_have_their_exit_codes() {
    let shop = Shop::open().await;
    let id = shop.take();

    let exists = shop.run(&["backup", "restore", &id, "--into", shop.database.name()], &[]);
    let unknown = shop.run(&["backup", "verify", "20200101T000000Z-00000000"], &[]);
    shop.damage(&id);
    let damaged = shop.run(&["backup", "verify", &id], &[]);
    let away = shop.run(
        &["backup", "run"],
        &[("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/shop")],
    );

    assert_eq!(exists.code, 1, "{exists:?}");
    assert_eq!(
        exists.err,
        format!("groundcrew: database {} exists\n", shop.database.name())
    );
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert_eq!(damaged.code, 3, "{damaged:?}");
    assert_eq!(away.code, 69, "{away:?}");
    assert!(
        away.err.starts_with("groundcrew: connecting to the database: "),
        "{away:?}"
    );
    assert_eq!(away.err.lines().count(), 1, "{away:?}");
    assert!(!away.err.contains("hunter2"), "{away:?}");
}

#[tokio::test]
async fn the_password_is_in_no_argument_list_while_a_backup_runs() {
    let shop = Shop::open().await;
    let tools = Tools::new(&shop.server);
    let listing = r#"cat /proc/$PPID/cmdline /proc/$$/cmdline > "$0.args"; exec "$REAL" "$@""#;
    tools.replace("pg_dump", listing);

    let taken = shop.run(&["backup", "run"], &[tools.variable()]);

    assert_eq!(taken.code, 0, "{taken:?}");
    let arguments = fs::read_to_string(tools.path().join("pg_dump.args")).unwrap();
    assert!(
        arguments.contains("groundcrew") && arguments.contains("--snapshot="),
        "{arguments:?}"
    );
    assert!(!arguments.contains(shop.server.password()), "{arguments:?}");
}
