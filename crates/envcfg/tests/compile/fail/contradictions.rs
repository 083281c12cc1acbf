use groundcrew_envcfg::Config;

use groundcrew_envcfg::Secret;

#[derive(Config)]
struct Settings {
    #[config(required, default = 3000)]
    port: u16,
    #[config(required)]
    note: Option<String>,
    #[config(public)]
    token: Secret,
    #[config(prefix = "A_")]
    prefix: String,
    #[config(nested, env = "INNER")]
    inner: Inner,
    #[config(skip, unit = "s")]
    skipped: u16,
    #[config(each(range(min = 1)))]
    one: u16,
    #[config(env = "A", env = "B")]
    twice: u16,
    #[config(default = 5)]
    wait: std::time::Duration,
}

#[derive(Config, Default)]
#[config(default)]
struct Inner {
    #[config(default = 1)]
    port: u16,
}

#[derive(Config)]
struct Rules {
    #[validate(range(min = 9, max = 1))]
    empty: u16,
    #[validate(range(exclusive_min = 1, max = 1))]
    open: f64,
    #[config(range(min = "2m", max = "90s"))]
    time: std::time::Duration,
    #[config(length(min = 3, max = 2))]
    length: String,
    #[validate(contains(pattern = "ab"), does_not_contain(pattern = "a"))]
    both: String,
    #[validate(url)]
    list: Vec<String>,
    #[config(length(min = 1))]
    number: u16,
    #[config(range(min = 1))]
    text: String,
    #[validate(skip, email)]
    skipped: String,
    #[validate(required)]
    #[config(default = 1)]
    required: u16,
    #[validate(must_match(other = itself))]
    itself: String,
}

fn main() {}
