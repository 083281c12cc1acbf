//! What Prometheus sees.

use groundcrew_testkit::Promtool;
use serde_json::json;

use crate::{books::play, client::Client, harness::Service, servers::Shared};

/// The metrics at one moment.
pub(crate) struct Scrape(pub(crate) String);

impl Scrape {
    pub(crate) async fn of(client: &Client) -> Self {
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200);
        Self(answer.text())
    }

    /// The sum over all series of a metric, which must exist.
    #[track_caller]
    pub(crate) fn sum(&self, metric: &str) -> f64 {
        let lines = self.0.lines().filter_map(|line| line.strip_prefix(metric));
        let values = lines
            .filter(|rest| rest.starts_with([' ', '{']))
            .filter_map(|rest| rest.rsplit(' ').next());
        let values: Vec<f64> = values.map(|value| value.parse().unwrap()).collect();
        assert!(!values.is_empty(), "no {metric} in:\n{}", self.0);
        values.iter().sum()
    }
}

#[tokio::test]
async fn promtool_has_nothing_to_say_about_the_metrics_of_either_listener() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    let played = play(&client, 40).await;
    client
        .get(&format!("/api/players/{}/stats", played.players[0]))
        .await
        .expect(200);
    client.post("/admin/backups", &().into()).await.expect(201);

    let scrapes = [Scrape::of(&client).await, Scrape::of(&service.probes()).await];

    for scrape in &scrapes {
        let verdict = Promtool::find().unwrap().check_metrics(&scrape.0).unwrap();
        assert_eq!((verdict.code(), verdict.said()), (Some(0), ""), "{}", scrape.0);
        assert!(scrape.sum("http_requests_total") >= 7.0);
        for metric in METRICS {
            scrape.sum(metric);
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn hands_are_followed_from_their_first_action_to_the_cards_and_the_rake() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    // Two whole hands, each with 40 in the pot, and the beginning of a third.
    let played = play(&client, 11).await;
    let seen = async || {
        let scrape = Scrape::of(&client).await;
        ["active_hands", "hand_duration_seconds_count", "revenue_total"].map(|metric| scrape.sum(metric))
    };

    assert_eq!(seen().await, [1.0, 2.0, 4.0]);
    let shown = json!([{ "hand": 2, "player": played.players[0], "kind": "show" }]);
    let actions = format!("/api/tables/{}/actions", played.table);
    client.post(&actions, &shown).await.expect(201);

    assert_eq!(seen().await, [0.0, 3.0, 5.5]);
    service.stop().await;
}

#[tokio::test]
async fn the_pot_and_the_actions_of_each_table_are_shown() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    // Two whole hands, and a third with 30 in the pot.
    let played = play(&client, 11).await;
    let other = client
        .post(
            "/api/tables",
            &json!({ "name": "Other", "smallBlind": 5, "bigBlind": 10 }),
        )
        .await
        .expect(201);
    let other = other["id"].as_i64().unwrap();
    let call = json!([{ "hand": 0, "player": played.players[0], "kind": "call", "amount": 10 }]);
    client
        .post(&format!("/api/tables/{other}/actions"), &call)
        .await
        .expect(201);

    let scrape = Scrape::of(&client).await;

    let at = |metric: &str, table: i64| scrape.sum(&format!("{metric}{{table=\"{table}\"}}"));
    assert_eq!(at("table_actions_total", played.table), 11.0);
    assert_eq!(at("table_pot_chips", played.table), 30.0);
    assert_eq!(at("table_actions_total", other), 1.0);
    assert_eq!(at("table_pot_chips", other), 10.0);
    let shown = json!([{ "hand": 2, "player": played.players[0], "kind": "show" }]);
    let actions = format!("/api/tables/{}/actions", played.table);
    client.post(&actions, &shown).await.expect(201);
    let scrape = Scrape::of(&client).await;
    assert_eq!(
        scrape.sum(&format!("table_pot_chips{{table=\"{}\"}}", played.table)),
        0.0
    );
    service.stop().await;
}

/// One of each crate.
const METRICS: [&str; 8] = [
    "process_cpu_seconds_total",
    "http_request_duration_seconds_count",
    "cache_misses_total",
    "db_query_duration_seconds_count",
    "backup_last_success_timestamp_seconds",
    "health_check_status",
    "log_events_total",
    "websocket_connections",
];
