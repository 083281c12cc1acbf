//! `measured`, with the route and the status known beforehand, which makes its index dense, or the route met on the
//! way.

use lasso::{Rodeo, RodeoReader, ThreadedRodeo};
use measured::{CounterVec, HistogramVec, LabelGroup, label::StaticLabelSet, metric::histogram::Thresholds};

use crate::{
    ours::BUCKETS,
    requests::{Method, Request, Status, each, each_by_call, routes},
};

#[derive(Clone, Copy, LabelGroup)]
#[label(set = FixedSet)]
struct Fixed<'a> {
    method: Method,
    #[label(fixed_with = RodeoReader)]
    route: &'a str,
    status: Status,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = OpenSet)]
struct Open<'a> {
    method: Method,
    #[label(dynamic_with = ThreadedRodeo, default)]
    route: &'a str,
    status: Status,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = ClosedSet)]
struct Closed {
    method: Method,
    status: Status,
}

impl<'a> Fixed<'a> {
    fn of(request: &'a Request) -> Self {
        Self {
            method: request.method,
            route: request.route,
            status: request.status,
        }
    }
}

fn fixed() -> FixedSet {
    FixedSet {
        method: StaticLabelSet::new(),
        route: Rodeo::from_iter(routes()).into_reader(),
        status: StaticLabelSet::new(),
    }
}

pub(crate) fn counter_dense() -> impl FnMut(u64) + 'static {
    let family = CounterVec::with_label_set(fixed());
    each(move |request| family.inc(Fixed::of(request)))
}

pub(crate) fn counter_sparse() -> impl FnMut(u64) + 'static {
    let family = CounterVec::sparse_with_label_set(OpenSet {
        method: StaticLabelSet::new(),
        route: ThreadedRodeo::new(),
        status: StaticLabelSet::new(),
    });
    each(move |request| {
        family.inc(Open {
            method: request.method,
            route: request.route,
            status: request.status,
        });
    })
}

pub(crate) fn closed() -> impl FnMut(u64) + 'static {
    let family = CounterVec::with_label_set(ClosedSet {
        method: StaticLabelSet::new(),
        status: StaticLabelSet::new(),
    });
    each(move |request| {
        family.inc(Closed {
            method: request.method,
            status: request.status,
        });
    })
}

pub(crate) fn histogram_dense() -> impl FnMut(u64) + 'static {
    let family = HistogramVec::with_label_set_and_metadata(fixed(), Thresholds::<11>::with_buckets(BUCKETS));
    each_by_call(move |request| family.observe(Fixed::of(request), request.seconds()))
}
