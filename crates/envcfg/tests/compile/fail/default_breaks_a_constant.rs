use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config, Secret};

const LEAST: u16 = 1000;
const LONGEST: Duration = Duration::from_secs(60);
const MOST: ByteSize = ByteSize::mib(1);
const FEWEST: u64 = 3;

#[derive(Config)]
struct Constants {
    #[config(default = "80", range(min = LEAST))]
    as_a_text: u16,
    #[config(default(development = 80, test = 1000), range(min = LEAST))]
    in_a_profile: Option<u16>,
    #[config(default = "-1.5", range(min = f64::MIN_POSITIVE))]
    with_a_sign: f64,
    #[config(default = 999, range(exclusive_min = LEAST - 1))]
    computed: u16,
    #[config(default = "2h", range(max = LONGEST))]
    time: Duration,
    #[config(default = LONGEST, range(exclusive_max = "60s"))]
    constant_time: Duration,
    #[config(default = 2, unit = "MiB", range(max = MOST))]
    size: ByteSize,
    #[config(default = "ab", length(min = FEWEST))]
    text: String,
    #[config(default = "éß", length(min = FEWEST))]
    characters: Secret,
    #[config(default = "a,b", length(min = FEWEST))]
    list: Vec<String>,
    #[config(default = "10s,5m", each(range(max = LONGEST)))]
    times: Vec<Duration>,
    #[config(default = "abc,ab", each(length(min = FEWEST)))]
    texts: Vec<String>,
}

fn main() {}
