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

fn main() {}
