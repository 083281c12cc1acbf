//! `measured`, with the route and the status known beforehand, which makes its index dense, or the route met on the
//! way.

use lasso::{Rodeo, RodeoReader, ThreadedRodeo};
use measured::{CounterVec, HistogramVec, LabelGroup, label::StaticLabelSet, metric::histogram::Thresholds};

use crate::{
    ours::BUCKETS,
    requests::{Method, Request, Status, routes},
    shapes::{Inlined, Shape},
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

impl Fixed<'static> {
    fn of(request: &Request) -> Self {
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

pub(crate) fn counter_dense<S: Shape>() -> impl FnMut(u64) + 'static {
    let family: CounterVec<FixedSet> = CounterVec::with_label_set(fixed());
    S::of(family, Fixed::of, |family, labels| family.inc(*labels))
}

pub(crate) fn counter_sparse() -> impl FnMut(u64) + 'static {
    let family: CounterVec<OpenSet> = CounterVec::sparse_with_label_set(OpenSet {
        method: StaticLabelSet::new(),
        route: ThreadedRodeo::new(),
        status: StaticLabelSet::new(),
    });
    let labels = |request: &Request| Open {
        method: request.method,
        route: request.route,
        status: request.status,
    };
    Inlined::of(family, labels, |family, labels| family.inc(*labels))
}

pub(crate) fn closed<S: Shape>() -> impl FnMut(u64) + 'static {
    let family: CounterVec<ClosedSet> = CounterVec::with_label_set(ClosedSet {
        method: StaticLabelSet::new(),
        status: StaticLabelSet::new(),
    });
    let labels = |request: &Request| Closed {
        method: request.method,
        status: request.status,
    };
    S::of(family, labels, |family, labels| family.inc(*labels))
}

pub(crate) fn histogram_dense() -> impl FnMut(u64) + 'static {
    let family: HistogramVec<FixedSet, 11> =
        HistogramVec::with_label_set_and_metadata(fixed(), Thresholds::<11>::with_buckets(BUCKETS));
    let labels = |request: &Request| (Fixed::of(request), request.seconds);
    Inlined::of(family, labels, |family, (labels, seconds)| {
        family.observe(*labels, *seconds);
    })
}
