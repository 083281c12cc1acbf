use groundcrew_metrics::{Counter, Family, Gauge, Histogram, Metrics};

#[derive(Metrics)]
struct Tuple(Counter);

#[derive(Metrics)]
enum Choice {
    A,
}

#[derive(Metrics)]
struct Generic<T> {
    /// Any
    a: T,
}

#[derive(Metrics)]
#[metrics(name = "app")]
struct UnknownOfStruct {}

#[derive(Metrics)]
#[metrics(prefix = "app_")]
struct Underscore {}

#[derive(Metrics)]
#[metrics(prefix = "my-app")]
struct BadPrefix {}

#[derive(Metrics)]
struct Twice {
    /// Jobs
    jobs: Gauge,
    /// Jobs that were run
    jobs_total: Counter,
}

// All mistakes of a struct are told at once.
#[derive(Metrics)]
struct Names {
    /// Told
    #[metric(name = "bad-name")]
    invalid: Gauge,
    /// Told
    jobs_total_total: Counter,
    /// Told
    items_count: Gauge,
    /// Told
    #[metric(unit = "milliseconds")]
    latency: Histogram,
    /// Told
    #[metric(unit = "parsecs")]
    distance: Gauge,
    /// Told
    wait_ms: Gauge,
    /// Told
    #[metric(name = "size", unit = "bytes")]
    size: Gauge,
    silent: Gauge,
    #[metric(help = " ")]
    empty: Gauge,
    /// Told
    #[metric(rename = "a")]
    unknown: Gauge,
    /// Told
    #[metric(help = "a", help = "b")]
    given_twice: Gauge,
}

#[derive(Metrics)]
struct Buckets {
    /// Told
    #[metric(buckets = [0.1, 1.0, 0.5])]
    unsorted: Histogram,
    /// Told
    #[metric(buckets = [])]
    none: Histogram,
    /// Told
    #[metric(native = 0.5)]
    shrinking: Histogram,
    /// Told
    #[metric(max_series = 0)]
    no_room: Family<(), Counter>,
    /// Told
    #[metric(expire = "10 monkeys")]
    no_unit: Family<(), Counter>,
    /// Told
    #[metric(expire = 10)]
    no_text: Family<(), Counter>,
    /// Told
    #[metric(expire = "0s")]
    no_time: Family<(), Counter>,
}

#[derive(Metrics)]
struct Objectives {
    /// Told
    #[metric(unit = "seconds", buckets = [0.1, 0.5], slo(latency = 0.25, percent = 95))]
    between: Histogram,
    /// Told
    #[metric(slo(latency = 0.1, percent = 95))]
    no_unit: Histogram,
    /// Told
    #[metric(slo(availability = 0.999, bad(status = "5..")))]
    share: Counter,
    /// Told
    #[metric(slo(availability = 100, bad(status = "5..")))]
    everything: Counter,
    /// Told
    #[metric(slo(availability = 99.9))]
    nothing_bad: Counter,
    /// Told
    #[metric(slo(availability = 99.9, bad(status = "5[0-9]+")))]
    no_example: Counter,
    /// Told
    #[metric(unit = "seconds", slo(latency = 0.1))]
    no_percent: Histogram,
    /// Told
    #[metric(unit = "seconds", slo(mean = 0.1, percent = 95))]
    mean: Histogram,
    /// Told
    #[metric(slo(percent = 95))]
    no_kind: Histogram,
    /// Told
    #[metric(slo(uptime = 95))]
    unknown: Histogram,
    /// Told
    #[metric(unit = "seconds", slo(latency = 0.1, percent = 95), slo(latency = 0.5, percent = 99))]
    twice: Histogram,
    /// Told
    #[metric(unit = "seconds", slo(latency = -0.1, percent = 95))]
    negative: Histogram,
}

#[derive(Metrics)]
struct Elsewhere {
    /// Told
    #[metric(slo(availability = 99.9, bad = nowhere))]
    jobs: Counter,
}

#[derive(Metrics)]
struct Roles {
    /// Told
    #[metric(nested, unit = "seconds")]
    nested: Inner,
    #[metric(skip, nested)]
    skipped: Inner,
    /// Told
    #[metric(prefix = "a")]
    prefix: Gauge,
}

#[derive(Metrics)]
struct Inner {}

fn main() {}
