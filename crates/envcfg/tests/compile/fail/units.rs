use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config, Secret};

#[derive(Config)]
struct Settings {
    #[config(unit = "s")]
    flag: bool,
    #[config(unit = "ms")]
    number: Option<u64>,
    #[config(unit = "h")]
    names: Vec<String>,
    #[config(unit = "bytes")]
    secret: Secret,
    #[config(unit = "KiB")]
    wait: Duration,
    #[config(unit = "s")]
    room: Option<Vec<ByteSize>>,
    #[config(unit = "ms")]
    right: Vec<Duration>,
}

fn main() {}
