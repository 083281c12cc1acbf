//! `prometheus-client` and tikv's `prometheus`.

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

use crate::{
    ours::BUCKETS,
    requests::{Method, Request, requests_of},
    shapes::{Called, Inlined, Shape},
};

/// What is best for it: nothing is copied, for the route is static.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Static {
    method: Method,
    route: &'static str,
    status: u16,
}

/// What a service writes whose route comes with the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Owned {
    method: Method,
    route: String,
    status: u16,
}

impl Owned {
    pub(crate) fn new(method: Method, route: &str, status: u16) -> Self {
        Self {
            method,
            route: route.to_owned(),
            status,
        }
    }
}

impl Static {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            method: request.method,
            route: request.route,
            status: request.status.code(),
        }
    }
}

pub(crate) fn counter<S: Shape>() -> impl FnMut(u64) + 'static {
    let family = Family::<Static, Counter>::default();
    S::of(family, Static::of, |family, labels| {
        family.get_or_create(labels).inc();
    })
}

/// With routes of this length in bytes.
pub(crate) fn counter_of_routes(len: usize) -> impl FnMut(u64) + 'static {
    let family = Family::<Static, Counter>::default();
    Called::over(requests_of(len), family, Static::of, |family, labels| {
        family.get_or_create(labels).inc();
    })
}

pub(crate) fn counter_owned<S: Shape>() -> impl FnMut(u64) + 'static {
    let labels = |request: &Request| Owned::new(request.method, request.route, request.status.code());
    S::of(Family::<Owned, Counter>::default(), labels, |family, labels| {
        family.get_or_create(labels).inc();
    })
}

pub(crate) fn histogram<S: Shape>() -> impl FnMut(u64) + 'static {
    let family = Family::<Static, Histogram>::new_with_constructor(histogram_of_buckets as fn() -> Histogram);
    let labels = |request: &Request| (Static::of(request), request.seconds);
    S::of(family, labels, |family, (labels, seconds)| {
        family.get_or_create(labels).observe(*seconds);
    })
}

fn histogram_of_buckets() -> Histogram {
    Histogram::new(BUCKETS)
}

pub(crate) fn handle() -> impl FnMut(u64) + 'static {
    let counter: Counter = Counter::default();
    move |count| {
        for _ in 0..count {
            std::hint::black_box(&counter).inc();
        }
    }
}

pub(crate) fn tikv_counter() -> impl FnMut(u64) + 'static {
    let family = IntCounterVec::new(Opts::new("requests_total", "Requests"), &LABELS).expect("names");
    Inlined::of(family, texts, |family, labels| {
        family.with_label_values(labels).inc();
    })
}

pub(crate) fn tikv_histogram() -> impl FnMut(u64) + 'static {
    let options = HistogramOpts::new("request_duration_seconds", "Durations").buckets(BUCKETS.to_vec());
    let family = HistogramVec::new(options, &LABELS).expect("names");
    let labels = |request: &Request| (texts(request), request.seconds);
    Inlined::of(family, labels, |family, (labels, seconds)| {
        family.with_label_values(labels).observe(*seconds);
    })
}

fn texts(request: &Request) -> [&'static str; 3] {
    [request.method.as_str(), request.route, request.status.as_str()]
}

const LABELS: [&str; 3] = ["method", "route", "status"];
