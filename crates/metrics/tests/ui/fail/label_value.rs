use groundcrew_metrics::LabelValue;

#[derive(LabelValue)]
struct Struct;

#[derive(LabelValue)]
enum Empty {}

#[derive(LabelValue)]
enum Fields {
    A(u8),
}

#[derive(LabelValue)]
enum Generic<T> {
    A,
}

fn main() {}
