//! What Prometheus sees.

use std::process::Stdio;

use serde_json::json;
use tokio::{io::AsyncWriteExt, process::Command};

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

/// Gives `text` to `promtool check metrics`; nothing said is nothing wrong.
async fn promtool(text: &str) -> String {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs: apt-get install prometheus, or cargo xtask setup test");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() {
        said
    } else {
        format!("{}: {said}", output.status)
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
        assert_eq!(promtool(&scrape.0).await, "", "{}", scrape.0);
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
