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

#[derive(LabelValue)]
enum SameTwice {
    NotFound,
    #[label(name = "not_found")]
    Missing,
}

#[derive(LabelValue)]
enum Reserved {
    A,
    #[label(name = "__other__")]
    Other,
}

#[derive(LabelValue)]
enum Limited {
    #[label(max = 5)]
    A,
}

fn main() {}
