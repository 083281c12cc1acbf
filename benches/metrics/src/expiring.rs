//! What it costs that series may expire: the same recordings as without, one after the other.

use std::time::Duration;

use groundcrew_metrics::{Counter, Family, Histogram, Metric, Registry};

use crate::{
    ours::{BUCKETS, Http},
    requests::{each, each_by_call},
};

pub(crate) fn counter() -> impl FnMut(u64) + 'static {
    let family: Family<Http<'_>, Counter> = family(&Registry::new(), "requests_total");
    each(move |request| family.inc(&request.labels()))
}

pub(crate) fn histogram() -> impl FnMut(u64) + 'static {
    let family: Family<Http<'_>, Histogram> = Registry::new()
        .family("request_duration_seconds", "Durations")
        .buckets(&BUCKETS)
        .expire_after(IDLE)
        .register()
        .expect("a name that is free");
    each_by_call(move |request| family.observe(&request.labels(), request.seconds()))
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
