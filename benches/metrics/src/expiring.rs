//! What it costs that series may expire: the same recordings as without, one after the other.

use std::time::Duration;

use groundcrew_metrics::{Counter, Family, Histogram, Metric, Registry};

use crate::{
    ours::{BUCKETS, Http},
    requests::Request,
    shapes::{Inlined, Shape as _},
};

pub(crate) fn counter() -> impl FnMut(u64) + 'static {
    let family: Family<Http<'_>, Counter> = family(&Registry::new(), "requests_total");
    Inlined::of(family, Request::labels, |family, labels| family.inc(labels))
}

pub(crate) fn histogram() -> impl FnMut(u64) + 'static {
    let family: Family<Http<'_>, Histogram> = Registry::new()
        .family("request_duration_seconds", "Durations")
        .buckets(&BUCKETS)
        .expire_after(IDLE)
        .register()
        .expect("a name that is free");
    let labels = |request: &Request| (request.labels(), request.seconds);
    Inlined::of(family, labels, |family, (labels, seconds)| {
        family.observe(labels, *seconds);
    })
}

pub(crate) fn family<M: Metric>(registry: &Registry, name: &str) -> Family<Http<'static>, M> {
    registry
        .family(name, "Requests")
        .max_series(1_000_000)
        .expire_after(IDLE)
        .register()
        .expect("a name that is free")
}

const IDLE: Duration = Duration::from_secs(3600);
