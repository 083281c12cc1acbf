// What only the types tell.
use groundcrew_metrics::{Counter, Family, Gauge, Histogram, Info, Labels, Metrics};

#[derive(Labels)]
struct Request<'a> {
    route: &'a str,
}

#[derive(Metrics)]
struct Names {
    /// A gauge that is called as a counter
    connections_total: Gauge,
    /// A counter that is not called as one
    #[metric(name = "jobs")]
    jobs: Counter,
    /// A histogram that is called as a counter
    #[metric(name = "wait_seconds_total")]
    wait: Histogram,
    /// An info that is not called as one
    #[metric(name = "server")]
    server: Info<Request<'static>>,
}

#[derive(Metrics)]
struct Settings {
    /// A counter has no buckets
    #[metric(buckets = [1.0])]
    jobs: Counter,
    /// Nor native ones
    #[metric(native)]
    tasks: Family<Request<'static>, Gauge>,
    /// One series
    #[metric(max_series = 5)]
    depth: Gauge,
    /// It stays
    #[metric(expire = "10m")]
    players: Gauge,
}

#[derive(Metrics)]
struct Objectives {
    /// No such label
    #[metric(slo(availability = 99.9, bad(status = "5..")))]
    requests: Family<Request<'static>, Counter>,
    /// No labels
    #[metric(slo(availability = 99.9, bad(status = "5..")))]
    jobs: Counter,
    /// No label to filter by
    #[metric(slo(availability = 99.9, bad = depth, only(path = "/")))]
    attempts: Family<Request<'static>, Counter>,
    /// Does not count
    depth: Family<Request<'static>, Gauge>,
    /// No boundary of the default buckets
    #[metric(unit = "seconds", slo(latency = 0.3, percent = 95))]
    wait: Histogram,
    /// No histogram
    #[metric(unit = "seconds", slo(mean = 0.1))]
    busy: Gauge,
    /// No counter
    #[metric(slo(availability = 99.9, bad(route = "/")))]
    gauge: Family<Request<'static>, Gauge>,
}

fn main() {}
