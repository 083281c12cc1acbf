use groundcrew_metrics::Labels;

#[derive(Labels)]
struct Duration {
    seconds: f64,
}

fn main() {}
