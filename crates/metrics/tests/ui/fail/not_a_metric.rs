use groundcrew_metrics::Metrics;

#[derive(Metrics)]
struct Group {
    /// A number
    number: u64,
}

#[derive(Metrics)]
struct Outer {
    #[metric(nested)]
    inner: u64,
}

fn main() {}
