//! Players, tables and hands: what goes in comes out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{client::Client, harness::Service, servers::Shared};

/// Players at a table, and everything they did there.
pub(crate) struct Played {
    pub(crate) players: Vec<i64>,
    pub(crate) tokens: Vec<String>,
    pub(crate) table: i64,
    pub(crate) actions: u64,
}

/// Seats four players at a new table and lets them act so many times.
pub(crate) async fn play(client: &Client, actions: u64) -> Played {
    let mut played = Played {
        players: Vec::new(),
        tokens: Vec::new(),
        table: 0,
        actions,
    };
    for name in ["Ada", "Grace", "Edsger", "Barbara"] {
        let player = client
            .post("/api/players", &json!({ "name": name, "rating": 1600 }))
            .await
            .expect(201);
        played.players.push(player["id"].as_i64().unwrap());
        played.tokens.push(player["token"].as_str().unwrap().to_owned());
    }
    let table = json!({ "name": "Main", "smallBlind": 5, "bigBlind": 10 });
    played.table = client.post("/api/tables", &table).await.expect(201)["id"]
        .as_i64()
        .unwrap();
    let all: Vec<Value> = (0..actions).map(|n| action(&played.players, n)).collect();
    for some in all.chunks(1000) {
        let path = format!("/api/tables/{}/actions", played.table);
        let answer = client.post(&path, &Value::from(some.to_vec())).await.expect(201);
        assert_eq!(answer, json!({ "recorded": some.len() }));
    }
    played
}

/// The nth action: four to a hand, one by each player, calling 10.
fn action(players: &[i64], n: u64) -> Value {
    let player = players[usize::try_from(n % 4).unwrap()];
    json!({ "hand": n / 4, "player": player, "kind": "call", "amount": 10 })
}

#[tokio::test]
async fn ten_thousand_actions_are_listed_page_by_page_each_once() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 10_000).await;

    let mut ids = BTreeSet::new();
    let mut pages = 0;
    let mut after = String::new();
    loop {
        let path = format!("/api/tables/{}/actions?limit=700{after}", played.table);
        let page = client.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        for item in items {
            assert!(ids.insert(item["id"].as_i64().unwrap()), "{item} is listed twice");
            assert_eq!(item["kind"], "call");
        }
        pages += 1;
        match page["next"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }

    assert_eq!((ids.len(), pages), (10_000, 15));
    service.stop().await;
}

#[tokio::test]
async fn a_batch_with_one_bad_action_records_none() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 40).await;

    let mut batch: Vec<Value> = (0..50).map(|n| action(&played.players, n)).collect();
    batch[17]["kind"] = "cheat".into();
    let path = format!("/api/tables/{}/actions", played.table);
    let refused = client.post(&path, &batch.into()).await.expect(409);

    assert_eq!(refused, json!({ "error": "hand_actions_kind is violated" }));
    let listed = client.get(&format!("{path}?limit=1000")).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 40);
    service.stop().await;
}

#[tokio::test]
async fn players_are_filtered_and_sorted_by_declared_columns_alone() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    for (name, rating) in [("Ada", 1800), ("Grace", 1900), ("Edsger", 1400)] {
        client
            .post("/api/players", &json!({ "name": name, "rating": rating }))
            .await
            .expect(201);
    }

    let good = client
        .get("/api/players?rating[gte]=1500&sort=-rating")
        .await
        .expect(200);
    let names: Vec<&str> = good["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["name"].as_str())
        .collect();
    assert_eq!(names, ["Grace", "Ada"]);

    let refused = client.get("/api/players?password=x").await.expect(400);
    let text = refused["error"].as_str().unwrap();
    for word in ["password", "id", "name", "rating", "createdAt"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    service.stop().await;
}
