//! A Prometheus server over the expiry and the return of a series.

use std::time::{Duration, SystemTime};

use groundcrew_base::ManualClock;
use groundcrew_metrics::{Counter, Family, Format, Histogram, LabelVisitor, Labels, Registry};
use groundcrew_testkit::{Prometheus, eventually};

use crate::{
    messages,
    scraped::{serve, values},
};

struct Table<'a>(&'a str);

impl Labels for Table<'_> {
    type With<'a> = Table<'a>;
    const NAMES: &'static [&'static str] = &["table"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

async fn until_it_is(prometheus: &Prometheus, query: &str, expected: &[&str]) {
    eventually(Duration::from_secs(30), query, async || {
        let found = values(prometheus, query).await;
        let found: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
        (found == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn prometheus_counts_on_over_an_expiry_and_a_return() {
    let hands = ManualClock::new(SystemTime::now());
    let registry = Registry::new().with_clock(hands.clock());
    let played: Family<Table<'_>, Counter> = registry
        .family("hands_total", "Hands")
        .expire_after(Duration::from_secs(600))
        .register()
        .unwrap();
    let (addr, server) = serve(&registry).await;
    let configuration = format!(
        "scrape_configs:\n- job_name: any\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['{addr}']\n"
    );
    let prometheus = Prometheus::start(&configuration).await.unwrap();
    let (one, other) = (Table("t1"), Table("t2"));

    played.inc_by(&one, 100);
    played.inc_by(&other, 100);
    until_it_is(&prometheus, "sum(hands_total)", &["200"]).await;
    played.inc_by(&one, 20);
    until_it_is(&prometheus, "hands_total{table='t1'}", &["120"]).await;
    // Used after the scrape that began the time, so it stays.
    hands.advance(Duration::from_secs(600));
    played.inc_by(&other, 1);
    until_it_is(&prometheus, "hands_total", &["101"]).await;
    played.inc_by(&one, 7);
    until_it_is(&prometheus, "hands_total{table='t1'}", &["7"]).await;
    played.inc_by(&one, 30);
    until_it_is(&prometheus, "hands_total{table='t1'}", &["37"]).await;

    // From 100 on it grew by 20, and after the reset by 7 and 30; the other one by 1. `increase` would add what it supposes
    // beyond the samples, so the samples themselves are asked.
    until_it_is(&prometheus, "resets(hands_total{table='t1'}[10m])", &["1"]).await;
    until_it_is(&prometheus, "resets(hands_total{table='t2'}[10m])", &["0"]).await;
    let grown =
        "increase(hands_total{table='t1'}[10m]) / ignoring(table) increase(hands_total{table='t2'}[10m])";
    eventually(Duration::from_secs(30), grown, async || {
        let found = values(&prometheus, grown).await;
        let [(_, ratio)] = found.as_slice() else {
            return None;
        };
        // Both are extrapolated over nearly the same span.
        (56.0..=58.0).contains(&ratio.parse::<f64>().ok()?).then_some(())
    })
    .await;
    server.abort();
}

#[test]
fn protobuf_says_when_a_series_that_came_back_began() {
    let hands = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_250));
    let registry = Registry::new().with_clock(hands.clock());
    let idle = Duration::from_secs(600);
    let played: Family<Table<'_>, Counter> = registry
        .family("hands_total", "Hands")
        .expire_after(idle)
        .register()
        .unwrap();
    let ages: Family<Table<'_>, Histogram> = registry
        .family("hand_age_seconds", "Age")
        .expire_after(idle)
        .register()
        .unwrap();
    let record = |table: &'static str| {
        played.inc(&Table(table));
        ages.observe(&Table(table), 0.5);
    };
    let created = || -> Vec<(String, i64, i32)> {
        let families = messages::decode(&registry.encode_as(Format::Protobuf));
        let series = families.into_iter().flat_map(|family| family.metrics);
        series
            .map(|series| {
                let counter = series.counter.and_then(|counter| counter.created);
                let histogram = series.histogram.and_then(|histogram| histogram.created);
                let created = counter.or(histogram).unwrap();
                (series.labels[0].value.clone(), created.seconds, created.nanos)
            })
            .collect()
    };
    let at = |table: &str, seconds| (table.to_owned(), seconds, 250_000_000);

    record("t1");
    assert_eq!(created(), [at("t1", 1_000_000), at("t1", 1_000_000)]);
    hands.advance(idle);
    assert_eq!(created(), []);
    hands.advance(Duration::from_secs(5));
    record("t1");

    assert_eq!(created(), [at("t1", 1_000_605), at("t1", 1_000_605)]);
}
