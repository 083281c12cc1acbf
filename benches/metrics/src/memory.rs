//! What a series of three labels holds.

use std::{hint::black_box, sync::LazyLock};

use groundcrew_metrics::{Counter as OurCounter, Family as OurFamily, Registry};
use harness::{Allocations, Bar, Kind, Row};
use prometheus_client::metrics::{counter::Counter, family::Family};

use crate::{
    expiring,
    ours::{Http, counters},
    prometheus_clients::Owned,
    requests::{Method, Status, routes},
};

/// All that is held for each of so many series, at the count where it is worst: right after the index has grown.
pub(crate) fn rows() -> Vec<Row> {
    let worst = (9_000..=20_000).step_by(250).map(ours).fold(0.0, f64::max);
    vec![
        beside("memory.series_10k", 10_000),
        beside("memory.series_100k", 100_000),
        Row::absolute(
            "memory.series_worst",
            Kind::Bytes,
            "bytes/series",
            worst,
            Bar::AtMost(BAR),
        ),
        of_expiring("memory.expiring_10k", 10_000),
        of_expiring("memory.expiring_100k", 100_000),
        small("memory.family_1.prometheus_client", 1, PROMETHEUS_CLIENT),
        small("memory.family_10.prometheus_client", 10, PROMETHEUS_CLIENT),
        small("memory.family_1.tikv", 1, TIKV),
        small("memory.family_10.tikv", 10, TIKV),
    ]
}

/// All that a registry holds for a family with few series.
fn small(name: &str, series: usize, (rival, theirs): Rival) -> Row {
    let values = (small_family(series), theirs(series));
    Row::relative(name, Kind::Bytes, "bytes/family", values, rival, None)
}

fn small_family(series: usize) -> f64 {
    let registry = Registry::new();
    per_family(|name| {
        let family: OurFamily<Http<'_>, OurCounter> =
            registry.family(name, "Requests").register().expect("a free name");
        each(series, |route, method, status| {
            family.inc(&Http {
                method,
                route,
                status: status.code(),
            });
        });
    })
}

fn small_of_prometheus_client(series: usize) -> f64 {
    let mut registry = prometheus_client::registry::Registry::default();
    per_family(|name| {
        let family = Family::<Owned, Counter>::default();
        registry.register(name, "Requests", family.clone());
        each(series, |route, method, status| {
            family
                .get_or_create(&Owned::new(method, route, status.code()))
                .inc();
        });
    })
}

fn small_of_tikv(series: usize) -> f64 {
    let registry = prometheus::Registry::new();
    per_family(|name| {
        let options = prometheus::Opts::new(name, "Requests");
        let family = prometheus::IntCounterVec::new(options, &["method", "route", "status"]).expect("names");
        registry.register(Box::new(family.clone())).expect("a free name");
        each(series, |route, method, status| {
            let labels = [method.as_str(), route, status.as_str()];
            family.with_label_values(&labels).inc();
        });
    })
}

/// What `make` keeps, over as many families as a service has.
fn per_family(mut make: impl FnMut(&str)) -> f64 {
    let names: Vec<String> = (0..FAMILIES)
        .map(|number| format!("requests_{number:03}_total"))
        .collect();
    let held = Allocations::during(|| names.iter().for_each(|name| make(name)));
    (held.bytes - held.freed) as f64 / FAMILIES as f64
}

/// Without a bar: what it takes to give memory back.
fn of_expiring(name: &str, series: usize) -> Row {
    let family = expiring::family(&Registry::new(), "requests_total");
    Row::relative(
        name,
        Kind::Bytes,
        "bytes/series",
        (filled(&family, series), ours(series)),
        "series that stay",
        None,
    )
}

fn beside(name: &str, series: usize) -> Row {
    let ours = ours(series);
    let theirs = prometheus_client(series);
    println!("| {name} beside prometheus-client | bytes | bytes/series | {ours:.1} | {theirs:.1} | | | | |");
    Row::absolute(name, Kind::Bytes, "bytes/series", ours, Bar::AtMost(BAR))
}

fn ours(series: usize) -> f64 {
    filled(&counters(&Registry::new()), series)
}

fn filled(family: &OurFamily<Http<'static>, OurCounter>, series: usize) -> f64 {
    held(series, |route, method, status| {
        family.inc(&Http {
            method,
            route,
            status: status.code(),
        });
    })
}

fn prometheus_client(series: usize) -> f64 {
    let family = Family::<Owned, Counter>::default();
    held(series, |route, method, status| {
        family
            .get_or_create(&Owned::new(method, route, status.code()))
            .inc();
    })
}

/// The routes are as long as those of the other rows, with a number each.
fn held(series: usize, record: impl FnMut(&str, Method, Status)) -> f64 {
    let held = Allocations::during(|| each(series, record));
    (held.bytes - held.freed) as f64 / series as f64
}

fn each(series: usize, mut record: impl FnMut(&str, Method, Status)) {
    static ROUTES: LazyLock<Vec<&str>> = LazyLock::new(routes);

    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    let mut buffer = String::with_capacity(64);
    for number in 0..series {
        buffer.clear();
        buffer.push_str(ROUTES[number % ROUTES.len()].get(..12).unwrap_or_default());
        let _infallible = std::fmt::Write::write_fmt(&mut buffer, format_args!("/{number:06}"));
        record(black_box(&buffer), methods[number % 4], Status::Ok);
    }
}

const BAR: f64 = 120.0;
const FAMILIES: usize = 100;
type Rival = (&'static str, fn(usize) -> f64);
const PROMETHEUS_CLIENT: Rival = ("prometheus-client, String route", small_of_prometheus_client);
const TIKV: Rival = ("prometheus", small_of_tikv);
