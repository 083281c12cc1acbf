//! The code around a recording: what a compiler makes of a lookup depends on it.

use std::{hint::black_box, iter, sync::Arc};

use crate::requests::{ORDER, Request, requests};

/// What stands between the loop and the recording.
pub(crate) trait Shape: 'static {
    const NAME: &'static str;

    /// Does `record` with the labels of one of these requests after the other.
    fn over<F: 'static, L>(
        requests: Vec<Request>,
        family: F,
        labels: impl Fn(&Request) -> L + 'static,
        record: impl Fn(&F, &L) + 'static,
    ) -> impl FnMut(u64) + 'static;

    /// The same with the usual requests.
    fn of<F: 'static, L>(
        family: F,
        labels: impl Fn(&Request) -> L + 'static,
        record: impl Fn(&F, &L) + 'static,
    ) -> impl FnMut(u64) + 'static {
        Self::over(requests(), family, labels, record)
    }
}

/// Nothing: it is a part of the loop.
pub(crate) struct Inlined;

/// A function that takes the family and the labels.
pub(crate) struct Called;

/// A function that is only known when it is called, with the family in a structure that is shared.
pub(crate) struct Shared;

impl Shape for Inlined {
    const NAME: &'static str = "inlined";

    fn over<F: 'static, L>(
        requests: Vec<Request>,
        family: F,
        labels: impl Fn(&Request) -> L + 'static,
        record: impl Fn(&F, &L) + 'static,
    ) -> impl FnMut(u64) + 'static {
        each(requests, move |request| record(&family, &labels(request)))
    }
}

impl Shape for Called {
    const NAME: &'static str = "called";

    fn over<F: 'static, L>(
        requests: Vec<Request>,
        family: F,
        labels: impl Fn(&Request) -> L + 'static,
        record: impl Fn(&F, &L) + 'static,
    ) -> impl FnMut(u64) + 'static {
        each(requests, move |request| call(&family, &labels(request), &record))
    }
}

impl Shape for Shared {
    const NAME: &'static str = "shared";

    fn over<F: 'static, L>(
        requests: Vec<Request>,
        family: F,
        labels: impl Fn(&Request) -> L + 'static,
        record: impl Fn(&F, &L) + 'static,
    ) -> impl FnMut(u64) + 'static {
        let service = Arc::new(Service {
            _name: String::from("lobby"),
            family,
        });
        let shared: Arc<dyn Fn(&Request)> =
            Arc::new(move |request| record(&service.family, &labels(request)));
        let shared = black_box(shared);
        each(requests, move |request| shared(request))
    }
}

struct Service<F> {
    _name: String,
    family: F,
}

#[inline(never)]
fn call<F, L>(family: &F, labels: &L, record: impl Fn(&F, &L)) {
    record(family, labels);
}

/// Does `record` for one request after the other, as a part of the loop.
fn each(requests: Vec<Request>, record: impl Fn(&Request) + 'static) -> impl FnMut(u64) + 'static {
    let requests = black_box(requests);
    let kernel = move |count| {
        let count = usize::try_from(count).expect("a count");
        let whole = iter::repeat_n(&*requests, count / ORDER);
        for requests in whole.chain([&requests[..count % ORDER]]) {
            for request in requests {
                record(request);
            }
        }
    };
    // So that every series is there.
    kernel(ORDER as u64);
    kernel
}
