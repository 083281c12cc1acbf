//! The ready recorders: their names, what they share, and that disabled ones cost nothing.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::time::Duration;

use groundcrew_metrics::{
    BusinessMetrics, CacheHitRate, DbMetrics, Direction, ErrorMetrics, GameMetrics, NamePreset,
    ProcessCollector, RegisterError, Registry, Severity, WebSocketMetrics,
};

/// Every ready recorder of a service.
struct Recorders {
    sockets: WebSocketMetrics,
    games: GameMetrics,
    db: DbMetrics,
    cache: CacheHitRate,
    errors: ErrorMetrics,
    business: BusinessMetrics,
}

impl Recorders {
    fn register(registry: &Registry, names: NamePreset) -> Result<Self, RegisterError> {
        Ok(Self {
            sockets: WebSocketMetrics::register_preset(registry, names)?,
            games: GameMetrics::register_preset(registry, names)?,
            db: DbMetrics::register_preset(registry, names)?,
            cache: CacheHitRate::register(registry)?,
            errors: ErrorMetrics::register(registry)?,
            business: BusinessMetrics::register(registry)?,
        })
    }

    /// One of everything.
    fn record(&self) {
        self.sockets.connections_changed(2);
        drop(self.sockets.connection());
        self.sockets.message("bet", Direction::Inbound);
        self.games.sessions_changed(3);
        drop(self.games.session());
        self.games.hand().complete();
        self.games.hand_started();
        self.games.hand_started();
        self.games.hand_completed(Duration::from_secs(90));
        self.db.query("select", "players", Duration::from_millis(3));
        self.db.query_failed("insert", "hands", Duration::from_millis(60));
        self.db.connections_active(4);
        self.errors.record("payment", Severity::Critical);
        self.business.user_registered();
        self.business.game_started("tournament");
        self.business.revenue("rake", 12.25);
        self.business.revenue("rake", 0.5);
    }
}

fn bounds(text: &str, histogram: &str) -> Vec<f64> {
    let mut bounds: Vec<f64> = text
        .lines()
        .filter(|line| line.starts_with(&format!("{histogram}_bucket{{")))
        .map(|line| {
            let (_, bound) = line.rsplit_once("le=\"").unwrap();
            bound.split_once('"').unwrap().0.parse().unwrap()
        })
        .collect();
    bounds.dedup();
    bounds.truncate(bounds.iter().position(|bound| bound.is_infinite()).unwrap());
    bounds
}

fn has(text: &str, sample: &str) {
    assert!(
        text.contains(&format!("\n{sample}\n")),
        "{sample} is missing in\n{text}"
    );
}

#[test]
fn the_conventional_names_are_exact() {
    let registry = Registry::new();
    let recorders = Recorders::register(&registry, NamePreset::Conventional).unwrap();
    recorders.record();
    recorders.cache.set("stats", 3, 1);

    let text = registry.encode();

    for sample in [
        "websocket_connections 2.0",
        "websocket_messages_total{type=\"bet\",direction=\"inbound\"} 1",
        "active_sessions 3.0",
        "active_hands 1.0",
        "hand_duration_seconds_count 2",
        "hand_duration_seconds_bucket{le=\"120.0\"} 2",
        "db_query_duration_seconds_count{operation=\"select\",table=\"players\"} 1",
        "db_query_duration_seconds_bucket{operation=\"insert\",table=\"hands\",le=\"0.1\"} 1",
        "db_query_errors_total{operation=\"insert\",table=\"hands\"} 1",
        "database_connections_active 4.0",
        "cache_hit_rate{strategy=\"stats\"} 75.0",
        "errors_total{type=\"payment\",severity=\"critical\"} 1",
        "users_registered_total 1",
        "games_started_total{type=\"tournament\"} 1",
        "revenue_total{source=\"rake\"} 12.75",
    ] {
        has(&text, sample);
    }
}

#[test]
fn the_legacy_preset_has_the_names_labels_and_buckets_of_older_dashboards() {
    let registry = Registry::new();
    let poker = registry.with_prefix("poker");
    registry
        .with_prefix("poker_app")
        .collector(ProcessCollector::new())
        .unwrap();
    Recorders::register(&poker, NamePreset::Legacy).unwrap().record();

    let text = registry.encode();

    for sample in [
        "poker_websocket_connections_total 2.0",
        "poker_websocket_messages_total{type=\"bet\",direction=\"inbound\"} 1",
        "poker_active_sessions_total 3.0",
        "poker_active_hands_total 1.0",
        "poker_db_connections_active 4.0",
        "poker_errors_total{type=\"payment\",severity=\"critical\"} 1",
        "poker_users_registered_total 1",
        "poker_games_started_total{type=\"tournament\"} 1",
        "poker_revenue_total{source=\"rake\"} 12.75",
    ] {
        has(&text, sample);
    }
    for gauge in ["websocket_connections", "active_sessions", "active_hands"] {
        has(&text, &format!("# TYPE poker_{gauge}_total gauge"));
    }
    assert_eq!(
        bounds(&text, "poker_hand_duration_seconds"),
        [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0]
    );
    assert_eq!(
        bounds(&text, "poker_db_query_duration_seconds"),
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0]
    );
    #[cfg(target_os = "linux")]
    assert!(text.contains("\npoker_app_process_cpu_seconds_total "));
    // Nobody else gets around the rules by it.
    let refused = poker.gauge("active_sessions_total", "Sessions").unwrap_err();
    assert!(matches!(refused, RegisterError::ReservedName { .. }));
}

#[test]
fn a_recorder_that_is_registered_twice_is_the_same() {
    let registry = Registry::new();
    let first = Recorders::register(&registry, NamePreset::Conventional).unwrap();
    let second = Recorders::register(&registry, NamePreset::Conventional).unwrap();
    let elsewhere = Recorders::register(&registry.with_prefix("b"), NamePreset::Conventional).unwrap();

    first.business.user_registered();
    second.business.user_registered();
    elsewhere.business.user_registered();

    let text = registry.encode();
    has(&text, "users_registered_total 2");
    has(&text, "b_users_registered_total 1");
    assert_eq!(text.matches("# TYPE errors_total ").count(), 0);
    second.errors.record("x", Severity::Low);
    assert_eq!(registry.encode().matches("# TYPE errors_total ").count(), 1);
}

#[test]
fn a_recorder_whose_name_is_taken_is_refused() {
    let registry = Registry::new();
    registry.gauge("cache_hit_rate", "Mine").unwrap();

    let refused = CacheHitRate::register(&registry).unwrap_err();

    assert_eq!(
        refused,
        RegisterError::Duplicate {
            name: "cache_hit_rate".into()
        }
    );
}

#[test]
fn sources_add_to_what_is_recorded() {
    let registry = Registry::new();
    let recorders = Recorders::register(&registry, NamePreset::Conventional).unwrap();
    recorders.errors.record("error", Severity::Medium);
    recorders.errors.record("payment", Severity::High);
    recorders.db.connections_active(1);
    recorders.cache.set("old", 1, 1);

    for _pool in 0..2 {
        recorders.db.add_connections(|| 10);
    }
    recorders
        .db
        .add_connections(|| std::panic::panic_any("on purpose"));
    recorders.errors.add_source(|count| {
        count("error", Severity::Medium, 5);
        count("say \"no\"", Severity::Low, 2);
        std::panic::panic_any("on purpose")
    });
    recorders
        .errors
        .add_source(|count| count("say \"no\"", Severity::Low, 1));
    recorders.cache.add_source(|rate| rate("new", 12.5));

    let text = registry.encode();
    for sample in [
        "database_connections_active 21.0",
        "errors_total{type=\"error\",severity=\"medium\"} 6",
        "errors_total{type=\"payment\",severity=\"high\"} 1",
        "errors_total{type=\"say \\\"no\\\"\",severity=\"low\"} 3",
        "cache_hit_rate{strategy=\"old\"} 50.0",
        "cache_hit_rate{strategy=\"new\"} 12.5",
    ] {
        has(&text, sample);
    }
    assert_eq!(text.matches("\nerrors_total{").count(), 3);
}

#[test]
fn a_disabled_registry_exposes_nothing_and_its_recorders_allocate_nothing() {
    let registry = Registry::disabled();
    registry.collector(ProcessCollector::new()).unwrap();
    let recorders = Recorders::register(&registry, NamePreset::Conventional).unwrap();
    let counter = registry.counter("jobs_total", "Jobs").unwrap();

    let allocated = allocation_counter::measure(|| {
        recorders.record();
        counter.inc();
    });

    assert_eq!(allocated.count_total, 0);
    assert_eq!(registry.encode(), "");
    assert_eq!(recorders.sockets.open(), 0.0);
    assert!(!registry.is_enabled() && Registry::new().is_enabled());
    // Mistakes are found either way.
    let again = registry.counter("jobs_total", "Jobs").unwrap_err();
    assert!(matches!(again, RegisterError::Duplicate { .. }));
}
