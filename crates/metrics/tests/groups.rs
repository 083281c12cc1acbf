//! Groups of metrics: what the derive makes of a struct.
#![cfg(feature = "derive")]

use std::time::{Duration, SystemTime};

use groundcrew_base::ManualClock;
use groundcrew_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, Info, IntGauge, LabelValue, Labels, Metrics,
    NativeBuckets, RegisterError, Registry,
};
use groundcrew_testkit::Promtool;

#[derive(Labels)]
struct Request<'a> {
    #[label(max = 500)]
    route: &'a str,
    status: u16,
}

#[derive(LabelValue)]
enum Severity {
    Low,
    High,
}

#[derive(Labels)]
struct ErrorKind<'a> {
    #[label(name = "type")]
    kind: &'a str,
    severity: Severity,
}

#[derive(Labels)]
struct Source<'a> {
    source: &'a str,
}

#[derive(Labels)]
struct Server<'a> {
    version: &'a str,
}

/// Everything that a field can be.
#[derive(Metrics)]
#[metrics(prefix = "poker")]
struct AppMetrics {
    /// Requests that were answered
    #[metric(max_series = 3)]
    http_requests: Family<Request<'static>, Counter>,
    /// Time to the end
    /// of the answer
    ///
    /// Not in the help text.
    #[metric(unit = "seconds", buckets = [0.01, 0.1, 1])]
    http_request_duration: Family<Request<'static>, Histogram>,
    /// Errors by type and severity
    errors: Family<ErrorKind<'static>, Counter>,
    /// Revenue in EUR
    revenue: Family<Source<'static>, CounterF64>,
    /// Sessions that are active
    active_sessions: Gauge,
    #[metric(help = "Where the reader is", unit = "bytes")]
    log_offset: IntGauge,
    /// Size of bodies
    #[metric(name = "body_size_bytes", unit = "bytes", buckets = BODY_SIZES, native = 1.5)]
    bodies: Histogram,
    /// Time that jobs took
    #[metric(unit = "seconds", native)]
    job_duration: Histogram,
    /// Age of what is read
    #[metric(unit = "seconds", buckets = ages(), native = NativeBuckets::new(1.2).max_buckets(20))]
    age: Histogram,
    /// CPU time that was used
    #[metric(unit = "seconds")]
    cpu_total: CounterF64,
    /// The database
    database: Info<Server<'static>>,
    /// A word of the language
    r#type: Gauge,
    #[metric(nested)]
    flat: Flat,
    #[metric(nested, prefix = "left")]
    left: Side,
    #[metric(nested, prefix = "right")]
    right: Side,
    #[metric(skip)]
    notes: Vec<String>,
}

#[derive(Metrics)]
struct Flat {
    /// Hands that are being played
    active_hands: Gauge,
}

#[derive(Metrics)]
#[metrics(prefix = "side")]
struct Side {
    /// Turns to this side
    turns: Counter,
}

const BODY_SIZES: [f64; 3] = [1024.0, 65_536.0, 1_048_576.0];

fn ages() -> Vec<f64> {
    (0..4).map(|power| 10_f64.powi(power)).collect()
}

fn used(metrics: &AppMetrics) {
    for status in [200, 404] {
        let route = String::from("/hands");
        let request = Request {
            route: &route,
            status,
        };
        metrics.http_requests.inc(&request);
        metrics.http_request_duration.observe(&request, 0.05);
    }
    for severity in [Severity::Low, Severity::High] {
        metrics.errors.inc(&ErrorKind { kind: "a", severity });
    }
    metrics.revenue.inc_by(&Source { source: "rake" }, 0.5);
    metrics.active_sessions.set(2.0);
    metrics.log_offset.set(i64::MAX);
    metrics.bodies.observe(2000.0);
    metrics.job_duration.observe_duration(Duration::from_millis(30));
    metrics.age.observe(50.0);
    metrics.cpu_total.inc_by(1.25);
    metrics.database.set(&Server { version: "15\n" });
    metrics.r#type.set(1.0);
    metrics.flat.active_hands.set(3.0);
    metrics.left.turns.inc();
    metrics.right.turns.inc_by(2);
}

#[test]
fn a_group_is_exposed_as_its_fields_say() {
    let registry = Registry::new();
    let metrics = AppMetrics::register(&registry.with_prefix("prod")).unwrap();
    used(&metrics);
    assert_eq!(metrics.notes, Vec::<String>::new());

    let text = registry.encode();

    for line in [
        "# HELP prod_poker_http_requests_total Requests that were answered",
        "prod_poker_http_requests_total{route=\"/hands\",status=\"404\"} 1",
        "# HELP prod_poker_http_request_duration_seconds Time to the end of the answer",
        "prod_poker_http_request_duration_seconds_bucket{route=\"/hands\",status=\"200\",le=\"0.1\"} 1",
        "prod_poker_errors_total{type=\"a\",severity=\"low\"} 1",
        "prod_poker_revenue_total{source=\"rake\"} 0.5",
        "prod_poker_active_sessions 2.0",
        "# HELP prod_poker_log_offset_bytes Where the reader is",
        "prod_poker_log_offset_bytes 9223372036854775807",
        "prod_poker_body_size_bytes_bucket{le=\"65536.0\"} 1",
        "prod_poker_job_duration_seconds_bucket{le=\"0.05\"} 1",
        "prod_poker_age_seconds_bucket{le=\"100.0\"} 1",
        "prod_poker_cpu_seconds_total 1.25",
        "prod_poker_database_info{version=\"15\\n\"} 1",
        "prod_poker_type 1.0",
        "prod_poker_active_hands 3.0",
        "prod_poker_left_side_turns_total 1",
        "prod_poker_right_side_turns_total 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("Not in the help text"), "{text}");
}

#[test]
fn the_most_series_of_a_family_hold() {
    let registry = Registry::new();
    let metrics = AppMetrics::register(&registry).unwrap();

    for status in 0..10 {
        metrics.http_requests.inc(&Request { route: "/", status });
    }

    let text = registry.encode();
    let others = "poker_http_requests_total{route=\"__other__\",status=\"__other__\"} 7\n";
    assert!(text.contains(others), "{text}");
}

#[test]
fn promtool_accepts_a_group() {
    let registry = Registry::new();
    used(&AppMetrics::register(&registry).unwrap());

    let text = registry.encode();
    let verdict = Promtool::find().unwrap().check_metrics(&text).unwrap();

    assert_eq!((verdict.code(), verdict.said()), (Some(0), ""), "{text}");
}

#[derive(Metrics)]
#[expect(dead_code, reason = "nothing is recorded")]
struct Mistaken {
    /// Taken by the caller
    taken: Counter,
    /// Fine
    fine: Gauge,
    /// Does not ascend
    #[metric(unit = "seconds", buckets = descending())]
    wait: Histogram,
    /// Between two buckets
    #[metric(unit = "seconds", buckets = ages(), slo(latency = 0.5, percent = 99))]
    between: Histogram,
    #[metric(nested)]
    inner: MistakenInner,
}

#[derive(Metrics)]
#[expect(dead_code, reason = "nothing is recorded")]
struct MistakenInner {
    /// The same name again
    fine: Gauge,
}

fn descending() -> Vec<f64> {
    vec![2.0, 1.0]
}

#[test]
fn all_mistakes_are_told_at_once_and_nothing_is_registered() {
    let registry = Registry::new();
    let _taken = registry.counter("taken_total", "Taken").unwrap();
    let before = registry.encode();

    let error = Mistaken::register(&registry).err().unwrap();

    let name = |name: &str| name.to_owned();
    let expected = [
        RegisterError::Duplicate {
            name: name("taken_total"),
        },
        RegisterError::UnsortedBuckets {
            name: name("wait_seconds"),
            bound: 1.0,
        },
        RegisterError::NotABoundary {
            name: name("between_seconds"),
            threshold: Duration::from_millis(500),
        },
        RegisterError::Duplicate { name: name("fine") },
    ];
    assert!(error.each().eq(&expected), "{error:?}");
    assert_eq!(
        error.to_string(),
        "4 mistakes: metric taken_total is already registered; \
         the buckets of histogram wait_seconds do not ascend at 1; \
         an objective of histogram between_seconds is for 500ms, which is no boundary of its buckets; \
         metric fine is already registered"
    );
    assert_eq!(registry.encode(), before);
    assert!(registry.gauge("fine", "It is free").is_ok());
}

#[test]
fn one_mistake_is_told_as_it_is() {
    let registry = Registry::new();
    let _taken = registry.gauge("active_hands", "Taken").unwrap();

    let error = Flat::register(&registry).err().unwrap();

    assert_eq!(
        error,
        RegisterError::Duplicate {
            name: "active_hands".to_owned()
        }
    );
    assert!(error.each().eq([&error]));
}

#[test]
fn a_group_says_what_it_is_without_a_registry() {
    let registry = Registry::new();
    let _metrics = AppMetrics::register(&registry.with_prefix("prod")).unwrap();

    let definitions = AppMetrics::definitions("prod").unwrap();

    let own = registry.definitions();
    let own: Vec<_> = own
        .iter()
        .filter(|one| one.name().starts_with("prod_"))
        .cloned()
        .collect();
    assert_eq!(definitions, own);
    assert_eq!(definitions.len(), 15);
    assert_eq!(definitions[0].name(), "prod_poker_http_requests_total");
    assert_eq!(definitions[2].labels()[1].values(), ["low", "high"]);
    assert_eq!(definitions[6].buckets(), BODY_SIZES);
    assert_eq!(definitions[6].unit(), Some("bytes"));
    assert!(Mistaken::definitions("").is_err());
}

/// Series that go after different times, and some that stay.
#[derive(Metrics)]
struct Passing {
    /// Hands that were played
    #[metric(expire = "10m")]
    hands: Family<Source<'static>, Counter>,
    /// Players that sit
    #[metric(expire = AN_HOUR)]
    players: Family<Source<'static>, Gauge>,
    /// Time a hand took
    #[metric(unit = "seconds", buckets = [1.0], expire = "1h30m", max_series = 5)]
    hand_duration: Family<Source<'static>, Histogram>,
    /// Chips that were bought
    chips: Family<Source<'static>, Counter>,
}

const AN_HOUR: Duration = Duration::from_mins(60);

#[test]
fn series_of_a_group_go_after_the_time_of_their_field() {
    let clock = ManualClock::new(SystemTime::now());
    let registry = Registry::new().with_clock(clock.clock());
    let metrics = Passing::register(&registry).unwrap();
    let table = Source { source: "t1" };
    metrics.hands.inc(&table);
    metrics.players.set(&table, 6.0);
    metrics.hand_duration.observe(&table, 0.5);
    metrics.chips.inc(&table);
    let shown = || -> Vec<String> {
        let text = registry.encode();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types
            .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
            .collect()
    };
    let all = ["hands_total", "players", "hand_duration_seconds", "chips_total"];

    let mut seen = vec![shown()];
    for minutes in [9, 1, 49, 1, 29, 1] {
        clock.advance(Duration::from_mins(minutes));
        seen.push(shown());
    }

    let expected = [
        &all[..],
        &all,
        &all[1..],
        &all[1..],
        &all[2..],
        &all[2..],
        &all[3..],
    ];
    assert_eq!(seen, expected);
    let definitions = Passing::definitions("").unwrap();
    let times: Vec<Option<Duration>> = definitions.iter().map(|one| one.expires_after()).collect();
    let minutes = |minutes| Some(Duration::from_mins(minutes));
    assert_eq!(times, [minutes(10), minutes(60), minutes(90), None]);
}
