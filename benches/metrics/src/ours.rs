//! groundcrew-metrics.

use groundcrew_metrics::{Counter, Family, Histogram, Labels, Registry};

use crate::{
    requests::{Method, Request, Status, requests_of},
    shapes::{Called, Shape},
};

#[derive(Labels)]
pub(crate) struct Http<'a> {
    pub(crate) method: Method,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
}

#[derive(Labels)]
struct Closed {
    method: Method,
    status: Status,
}

impl Request {
    pub(crate) fn labels(&self) -> Http<'static> {
        Http {
            method: self.method,
            route: self.route,
            status: self.status.code(),
        }
    }
}

pub(crate) fn counter<S: Shape>() -> impl FnMut(u64) + 'static {
    S::of(counters(&Registry::new()), Request::labels, |family, labels| {
        family.inc(labels);
    })
}

/// With routes of this length in bytes.
pub(crate) fn counter_of_routes(len: usize) -> impl FnMut(u64) + 'static {
    let family = counters(&Registry::new());
    Called::over(requests_of(len), family, Request::labels, |family, labels| {
        family.inc(labels);
    })
}

pub(crate) fn closed<S: Shape>() -> impl FnMut(u64) + 'static {
    let family: Family<Closed, Counter> = Registry::new()
        .counter_family("requests_total", "Requests")
        .expect("a name that is free");
    let labels = |request: &Request| Closed {
        method: request.method,
        status: request.status,
    };
    S::of(family, labels, |family, labels| family.inc(labels))
}

pub(crate) fn histogram<S: Shape>() -> impl FnMut(u64) + 'static {
    let family: Family<Http<'_>, Histogram> = Registry::new()
        .histogram_family("request_duration_seconds", "Durations", &BUCKETS)
        .expect("a name that is free");
    let labels = |request: &Request| (request.labels(), request.seconds);
    S::of(family, labels, |family, (labels, seconds)| {
        family.observe(labels, *seconds);
    })
}

pub(crate) fn handle() -> impl FnMut(u64) + 'static {
    let counter = Registry::new()
        .counter("jobs_total", "Jobs")
        .expect("a name that is free");
    move |count| (0..count).for_each(|_| std::hint::black_box(&counter).inc())
}

pub(crate) fn counters(registry: &Registry) -> Family<Http<'static>, Counter> {
    registry
        .family("requests_total", "Requests")
        .max_series(1_000_000)
        .register()
        .expect("a name that is free")
}

pub(crate) const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
