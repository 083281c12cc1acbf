use groundcrew_metrics::Labels;

#[derive(Labels)]
struct Tuple(u8);

#[derive(Labels)]
enum Choice {
    A,
}

#[derive(Labels)]
struct Generic<T> {
    value: T,
}

#[derive(Labels)]
struct Reserved {
    le: u8,
}

#[derive(Labels)]
struct Invalid {
    #[label(name = "status-code")]
    status_code: u16,
}

#[derive(Labels)]
struct Twice {
    a: u8,
    #[label(name = "a")]
    b: u8,
}

#[derive(Labels)]
struct Unknown {
    #[label(rename = "a")]
    b: u8,
}

#[derive(Labels)]
struct NoRoom {
    #[label(max = 0)]
    a: u8,
}

fn main() {}
