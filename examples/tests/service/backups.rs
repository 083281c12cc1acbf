//! A backup is worth what its restore brings back.

use std::collections::BTreeMap;

use serde_json::json;
use tokio_postgres::Client as Sql;

use crate::{books::play, harness::Service, servers::Shared};

async fn rows(sql: &Sql) -> BTreeMap<&'static str, i64> {
    let mut rows = BTreeMap::new();
    for table in ["players", "card_tables", "hand_actions"] {
        let count = sql
            .query_one(&format!("SELECT count(*) FROM {table}"), &[])
            .await
            .unwrap();
        rows.insert(table, count.get(0));
    }
    rows
}

async fn connect(url: &str, database: &str) -> (Sql, tokio::task::JoinSet<()>) {
    let mut config: tokio_postgres::Config = url.parse().unwrap();
    config.dbname(database);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    (client, tasks)
}

#[tokio::test]
async fn a_dropped_table_comes_back_from_the_bucket() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 10_000).await;
    let inserted = BTreeMap::from([("card_tables", 1), ("hand_actions", 10_000), ("players", 4)]);
    assert_eq!(played.actions, 10_000);

    let backup = client.post("/admin/backups", &json!(null)).await.expect(201);
    let id = backup["id"].as_str().unwrap();
    let sql = servers.database.connect().await.unwrap();
    sql.batch_execute("DROP TABLE hand_actions").await.unwrap();
    let target = format!("{}_restored", servers.database.name());
    let verified = client
        .post(&format!("/admin/backups/{id}/verify"), &json!(null))
        .await
        .expect(200);
    let path = format!("/admin/backups/{id}/restore");
    let restored = client
        .post(&path, &json!({ "database": target }))
        .await
        .expect(200);

    assert_eq!(verified["storedBytes"], backup["bytes"]);
    assert_eq!(restored["database"], json!(target));
    assert_eq!(
        restored["rows"],
        json!({ "public.card_tables": 1, "public.hand_actions": 10_000, "public.players": 4 })
    );
    let (brought_back, _tasks) = connect(&servers.database.url(), &target).await;
    assert_eq!(rows(&brought_back).await, inserted);
    let listed = client.get("/admin/backups").await.expect(200);
    assert_eq!(listed["backups"][0]["id"], json!(id));
    assert!(servers.s3.requests("PutObject") + servers.s3.requests("CompleteMultipartUpload") >= 2);

    // A restore never writes into a database that exists.
    client
        .post(&path, &json!({ "database": target }))
        .await
        .expect(409);
    drop((brought_back, _tasks));
    sql.batch_execute(&format!("DROP DATABASE \"{target}\" WITH (FORCE)"))
        .await
        .unwrap();
    service.stop().await;
}
