//! Statistics behind the cache.

use serde_json::json;

use crate::{books::play, client::Client, harness::Service, scrape::Scrape, servers::Shared};

async fn hits(client: &Client) -> f64 {
    Scrape::of(client).await.sum("cache_hits_total")
}

#[tokio::test]
async fn the_second_reading_of_statistics_comes_from_the_cache() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 40).await;
    let path = format!("/api/players/{}/stats", played.players[0]);
    let expected = json!({ "hands": 10, "actions": 10, "wagered": 100 });

    let first = client.get(&path).await;
    let before = hits(&client).await;
    let second = client.get(&path).await;
    let after = hits(&client).await;

    assert_eq!(
        (first.header("x-cache"), first.expect(200)),
        ("miss", expected.clone())
    );
    assert_eq!((second.header("x-cache"), second.expect(200)), ("hit", expected));
    assert_eq!(after - before, 1.0);
    service.stop().await;
}

#[tokio::test]
async fn another_instance_reads_what_the_first_has_cached_and_forgets_what_it_forgets() {
    let servers = Shared::start().await;
    let (one, other) = tokio::join!(
        Service::start(servers.variables()),
        Service::start(servers.variables())
    );
    let played = play(&one.client(), 40).await;
    let path = format!("/api/players/{}/stats", played.players[0]);

    assert_eq!(one.client().get(&path).await.header("x-cache"), "miss");
    assert_eq!(other.client().get(&path).await.header("x-cache"), "hit");

    let more = json!([{ "hand": 10, "player": played.players[0], "kind": "raise", "amount": 50 }]);
    one.client()
        .post(&format!("/api/tables/{}/actions", played.table), &more)
        .await
        .expect(201);
    let fresh = one.client().get(&path).await;

    assert_eq!(fresh.header("x-cache"), "miss");
    assert_eq!(
        fresh.expect(200),
        json!({ "hands": 11, "actions": 11, "wagered": 150 })
    );
    tokio::join!(one.stop(), other.stop());
}
