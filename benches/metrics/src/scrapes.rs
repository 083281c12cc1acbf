//! A scrape of many series, in OpenMetrics, which both sides write.

use std::hint::black_box;

use groundcrew_metrics::{Family, Histogram, Registry};
use harness::{Allocations, Bar, Kind, Row, Suite};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family, histogram},
    registry,
};

use crate::{
    ours::{BUCKETS, Http, counters},
    prometheus_clients::Owned,
    requests::{Method, Status, routes},
};

pub(crate) fn compare(suite: &mut Suite) {
    for (name, series, bar) in [
        ("scrape.counters_10k", 10_000, 6.0),
        ("scrape.counters_100k", 100_000, 2.5),
    ] {
        suite
            .compare_loops(
                name,
                scrapes(move || our_counters(series)),
                "prometheus-client",
                their_scrapes(move || their_counters(series)),
            )
            .iterations_at_most(4)
            .instructions_at_least(bar)
            .wall_at_least(bar);
    }
    suite
        .compare_loops(
            "scrape.histogram_lines_10k",
            scrapes(|| our_histograms(HISTOGRAMS)),
            "prometheus-client",
            their_scrapes(|| their_histograms(HISTOGRAMS)),
        )
        .iterations_at_most(8)
        .instructions_at_least(8.0)
        .wall_at_least(8.0);
}

/// What a scrape holds at most beside the registry, over the length of its output.
pub(crate) fn peaks() -> Vec<Row> {
    let registry = our_counters(100_000);
    let peak = |name: &str| {
        let mut length = 0;
        let allocations = Allocations::during(|| length = black_box(registry.encode_open_metrics()).len());
        let ratio = allocations.peak as f64 / length as f64;
        Row::absolute(name, Kind::Bytes, "bytes/byte of output", ratio, Bar::AtMost(1.1))
    };
    vec![peak("scrape.peak_first"), peak("scrape.peak_again")]
}

/// The registry is filled when it is first needed: other rows do not wait for it.
fn scrapes(fill: impl Fn() -> Registry + 'static) -> impl FnMut(u64) + 'static {
    let mut registry = None;
    move |count| {
        let registry = registry.get_or_insert_with(&fill);
        for _ in 0..count {
            black_box(registry.encode_open_metrics());
        }
    }
}

fn their_scrapes(fill: impl Fn() -> registry::Registry + 'static) -> impl FnMut(u64) + 'static {
    let mut registry = None;
    move |count| {
        let registry = registry.get_or_insert_with(&fill);
        for _ in 0..count {
            let mut text = String::new();
            encode(&mut text, registry).expect("a text takes everything");
            black_box(text);
        }
    }
}

fn our_counters(series: usize) -> Registry {
    let registry = Registry::new();
    let family = counters(&registry);
    each(series, |method, route, status| {
        family.inc(&Http {
            method,
            route,
            status: status.code(),
        });
    });
    registry
}

fn their_counters(series: usize) -> registry::Registry {
    let family = family::Family::<Owned, Counter>::default();
    each(series, |method, route, status| {
        family
            .get_or_create(&Owned::new(method, route, status.code()))
            .inc();
    });
    let mut registry = registry::Registry::default();
    registry.register("requests", "Requests", family);
    registry
}

fn our_histograms(series: usize) -> Registry {
    let registry = Registry::new();
    let family: Family<Http<'_>, Histogram> = registry
        .histogram_family("request_duration_seconds", "Durations", &BUCKETS)
        .expect("a name that is free");
    each(series, |method, route, status| {
        let labels = Http {
            method,
            route,
            status: status.code(),
        };
        family.observe(&labels, 0.042);
    });
    registry
}

fn their_histograms(series: usize) -> registry::Registry {
    let new = || histogram::Histogram::new(BUCKETS);
    let family = family::Family::<Owned, histogram::Histogram, _>::new_with_constructor(new);
    each(series, |method, route, status| {
        family
            .get_or_create(&Owned::new(method, route, status.code()))
            .observe(0.042);
    });
    let mut registry = registry::Registry::default();
    registry.register("request_duration_seconds", "Durations", family);
    registry
}

/// Routes as long as those of the other rows, with a number each.
fn each(series: usize, mut record: impl FnMut(Method, &str, Status)) {
    let routes = routes();
    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    for number in 0..series {
        let route = routes[number % routes.len()].get(..12).unwrap_or_default();
        record(methods[number % 4], &format!("{route}/{number:06}"), Status::Ok);
    }
}

/// 14 lines each.
const HISTOGRAMS: usize = 714;
