// What a group may be written like.
#![deny(warnings, clippy::all, clippy::panic, missing_docs)]

//! A crate.

mod facade {
    pub use groundcrew_metrics as metrics;
}

use facade::metrics::{Counter, Family, Histogram, Info, Labels, Metrics as _, NativeBuckets, Registry};

type Requests = Family<Request<'static>, Counter>;

const BOUNDS: &[f64] = &[0.1, 1.0];

#[derive(Labels)]
#[labels(crate = crate::facade::metrics)]
struct Request<'a> {
    route: &'a str,
    #[label(name = "type")]
    kind: &'a str,
    status: u16,
}

#[derive(facade::metrics::Metrics)]
#[metrics(crate = crate::facade::metrics, prefix = "app")]
struct Group {
    /// An alias
    #[metric(max_series = 100, expire = "1h30m")]
    #[metric(slo(availability = 99.9, bad(status = "5..")))]
    #[metric(slo(availability = 99, bad(r#type = "a[0-9]", example = "a1"), only(route = "/a"), name = "of a"))]
    requests: Requests,
    /// Some failed
    #[metric(slo(availability = 99.5, bad = errors, except(route = "/feed/.*", type = "x")))]
    attempts: Requests,
    /// Those
    #[metric(expire = std::time::Duration::from_secs(600))]
    errors: Requests,
    /// A histogram
    #[metric(unit = "seconds", buckets = &[0.1, 1e0, 5], slo(latency = 1, percent = 95), slo(mean = 0.07))]
    duration: Family<Request<'static>, Histogram>,
    /// One with default buckets
    #[metric(unit = "seconds", slo(latency = 0.25, percent = 95.5))]
    wait: Histogram,
    /// One of a constant
    #[metric(unit = "seconds", buckets = BOUNDS, native = NativeBuckets::new(1.1), slo(latency = 0.1, percent = 95))]
    age: Histogram,
    /// Facts
    server: Info<Request<'static>>,
    /// A keyword, and a family without labels
    r#match: Family<(), Counter>,
    #[metric(nested, prefix = "inner")]
    inner: inner::Inner,
    #[metric(skip)]
    notes: Option<String>,
}

mod inner {
    use crate::facade::metrics::{self, Gauge};

    #[derive(metrics::Metrics)]
    #[metrics(crate = metrics)]
    pub(crate) struct Inner {
        /// One that others see
        pub(crate) depth: Gauge,
    }

    /// Nothing at all.
    #[derive(metrics::Metrics)]
    #[metrics(crate = crate::facade::metrics)]
    #[allow(dead_code)]
    struct Empty {}
}

fn main() {
    let group = Group::register(&Registry::new()).unwrap();
    let request = Request { route: "/", kind: "a", status: 200 };
    group.requests.inc(&request);
    group.attempts.inc(&request);
    group.errors.inc(&request);
    group.duration.observe(&request, 0.1);
    group.wait.observe(0.1);
    group.age.observe(0.1);
    group.server.set(&request);
    group.r#match.inc(&());
    group.inner.depth.set(1.0);
    assert_eq!(group.notes, None);
    let definitions = Group::definitions("").unwrap();
    assert_eq!(definitions.last().unwrap().name(), "app_inner_depth");
}
