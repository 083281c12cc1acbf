//! Rules, dashboards and documents from a group of metrics, without a registry.
#![cfg(all(feature = "rules", feature = "derive"))]

use std::time::Duration;

use groundcrew_metrics::{
    Counter, Family, Histogram, Labels, Metrics, Registry,
    rules::{Monitoring, Objective, RulesError},
};
use groundcrew_testkit::Promtool;

#[derive(Labels)]
struct Request<'a> {
    route: &'a str,
    status: u16,
}

#[derive(Labels)]
struct Query<'a> {
    table: &'a str,
}

#[derive(Metrics)]
#[metrics(prefix = "poker")]
#[expect(dead_code, reason = "nothing is recorded")]
struct AppMetrics {
    /// Requests that were answered
    #[metric(slo(availability = 99.9, bad(status = "5..")))]
    http_requests: Family<Request<'static>, Counter>,
    /// Time to the end of the answer
    #[metric(
        unit = "seconds",
        buckets = [0.05, 0.1, 1.0],
        slo(latency = 0.1, percent = 95, except(route = "/api/feed")),
        slo(mean = 0.1, only(route = "/api/chat"), name = "chat-mean"),
    )]
    http_request_duration: Family<Request<'static>, Histogram>,
    #[metric(nested, prefix = "db")]
    db: DbMetrics,
}

#[derive(Metrics)]
#[expect(dead_code, reason = "nothing is recorded")]
struct DbMetrics {
    /// Time a query took
    #[metric(
        unit = "seconds",
        slo(latency = 0.05, percent = 95),
        slo(availability = 99.5, bad = query_errors, only(table = "hands"), name = "hands"),
    )]
    query_duration: Family<Query<'static>, Histogram>,
    /// Queries that failed
    query_errors: Family<Query<'static>, Counter>,
}

/// The same by hand.
fn by_hand(monitoring: Monitoring) -> Monitoring {
    let ms = Duration::from_millis;
    let durations = "prod_poker_http_request_duration_seconds";
    let queries = "prod_poker_db_query_duration_seconds";
    monitoring
        .objective(
            Objective::availability("prod_poker_http_requests_total", 99.9).bad("status", "5..", "500"),
        )
        .objective(Objective::latency(durations, 95.0, ms(100)).except("route", "/api/feed"))
        .objective(
            Objective::mean(durations, ms(100))
                .only("route", "/api/chat")
                .named("chat-mean"),
        )
        .objective(Objective::latency(queries, 95.0, ms(50)))
        .objective(
            Objective::availability(queries, 99.5)
                .bad_counter("prod_poker_db_query_errors_total")
                .only("table", "hands")
                .named("hands"),
        )
}

#[test]
fn attributes_make_the_rules_that_objectives_by_hand_make() {
    let definitions = AppMetrics::definitions("prod").unwrap();
    let plain = definitions
        .iter()
        .map(|one| one.objectives().len())
        .collect::<Vec<_>>();
    assert_eq!(plain, [1, 2, 2, 0]);

    let from_attributes = Monitoring::from_definitions(definitions.clone(), "card-room");

    // Given by hand, they stand in the place of those of the same names.
    let replaced = by_hand(Monitoring::from_definitions(definitions, "card-room"));
    let files = from_attributes.generate().unwrap();
    assert_eq!(files, replaced.generate().unwrap());
    let slo = files
        .iter()
        .find(|file| file.path() == "rules/card-room.slo.rules.yml")
        .unwrap();
    for text in [
        "prod_poker_http_requests_total{job=\"card-room\",status=~\"5..\"}",
        "prod_poker_http_request_duration_seconds_bucket{job=\"card-room\",route!~\"/api/feed\",le=\"0.1\"}",
        "prod_poker_db_query_errors_total{job=\"card-room\",table=\"hands\"}",
        "ChatMeanHigh",
        "HandsBudgetBurn1h",
        "ProdPokerDbQueryLatencyBudgetBurn3d",
    ] {
        assert!(slo.text().contains(text), "{text}\n{}", slo.text());
    }
}

#[test]
fn promtool_accepts_the_rules_of_a_group_and_their_cases_hold() {
    let definitions = AppMetrics::definitions("prod").unwrap();
    let directory = tempfile::tempdir().unwrap();

    Monitoring::from_definitions(definitions, "card-room")
        .write_to(directory.path())
        .unwrap();

    let rules = [
        "rules/card-room.slo.rules.yml",
        "rules/card-room.alerts.rules.yml",
    ];
    let check = ["check", "rules", "--lint=all", "--lint-fatal"];
    let tests = ["test", "rules", "rules/tests/card-room.slo.tests.yml"];
    for arguments in [[check.as_slice(), &rules].concat(), tests.into()] {
        let verdict = Promtool::find().unwrap().run(directory.path(), arguments);
        verdict.unwrap().assert_success();
    }
}

#[test]
fn a_registry_knows_what_its_groups_promise() {
    let registry = Registry::new();
    let _metrics = AppMetrics::register(&registry.with_prefix("prod")).unwrap();

    let promised: Vec<Objective> = registry
        .definitions()
        .iter()
        .flat_map(|one| one.objectives().to_vec())
        .collect();

    assert_eq!(promised.len(), 5);
    assert_eq!(
        promised[0],
        Objective::availability("prod_poker_http_requests_total", 99.9).bad("status", "5..", "500")
    );
    let files = Monitoring::of(&registry, "a").generate().unwrap();
    assert!(files.iter().any(|file| file.path() == "rules/a.slo.rules.yml"));
}

#[test]
fn two_objectives_of_one_name_given_by_hand_are_still_a_mistake() {
    let definitions = AppMetrics::definitions("").unwrap();
    let mean =
        || Objective::mean("poker_http_request_duration_seconds", Duration::from_secs(1)).named("chat-mean");

    let twice = Monitoring::from_definitions(definitions, "a")
        .objective(mean())
        .objective(mean());

    assert!(matches!(
        twice.generate(),
        Err(RulesError::DuplicateObjective { objective }) if objective == "chat-mean"
    ));
}
