//! `prometheus-client` and tikv's `prometheus`.

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

use crate::{
    ours::BUCKETS,
    requests::{Method, Request, each, each_by_call},
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

pub(crate) fn counter() -> impl FnMut(u64) + 'static {
    let family = Family::<Static, Counter>::default();
    each(move |request| {
        family.get_or_create(&Static::of(request)).inc();
    })
}

pub(crate) fn counter_owned() -> impl FnMut(u64) + 'static {
    let family = Family::<Owned, Counter>::default();
    each(move |request| {
        let labels = Owned::new(request.method, request.route, request.status.code());
        family.get_or_create(&labels).inc();
    })
}

pub(crate) fn histogram() -> impl FnMut(u64) + 'static {
    let family = Family::<Static, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
    each_by_call(move |request| {
        family
            .get_or_create(&Static::of(request))
            .observe(request.seconds());
    })
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
    each(move |request| {
        let labels = [request.method.as_str(), request.route, request.status.as_str()];
        family.with_label_values(&labels).inc();
    })
}

pub(crate) fn tikv_histogram() -> impl FnMut(u64) + 'static {
    let options = HistogramOpts::new("request_duration_seconds", "Durations").buckets(BUCKETS.to_vec());
    let family = HistogramVec::new(options, &LABELS).expect("names");
    each_by_call(move |request| {
        let labels = [request.method.as_str(), request.route, request.status.as_str()];
        family.with_label_values(&labels).observe(request.seconds());
    })
}

const LABELS: [&str; 3] = ["method", "route", "status"];
