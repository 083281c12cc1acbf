use groundcrew_envcfg::{Config, Secret};

const LEAST: u16 = 1000;
const USUAL: u16 = 80;

#[derive(Config)]
struct Literal {
    #[config(default = 80, range(min = 1000))]
    port: u16,
}

#[derive(Config)]
struct Constant {
    #[config(default = USUAL, range(min = LEAST))]
    port: u16,
}

#[derive(Config)]
struct Time {
    #[config(default = "2h", range(max = "60m"))]
    wait: std::time::Duration,
}

#[derive(Config)]
struct Unreadable {
    #[config(default = "soon")]
    wait: std::time::Duration,
}

#[derive(Config)]
struct Length {
    #[config(default = "ab", length(min = 3))]
    name: String,
}

#[derive(Config)]
struct Texts {
    #[config(default = "70000")]
    port: u16,
    #[config(default = "maybe")]
    flag: bool,
    #[config(default = "1e300")]
    ratio: f32,
    #[config(default = "http://a", scheme("https"))]
    scheme: String,
    #[config(default = "a.example")]
    #[validate(url)]
    url: String,
    #[config(default = "nobody")]
    #[validate(email)]
    mail: String,
    #[config(default = "::1")]
    #[validate(ip(v4))]
    ip: String,
    #[config(default = "abc")]
    #[validate(contains(pattern = "x"))]
    contains: String,
    #[config(default = "changeme")]
    token: Secret,
    #[config(default = "hunter2", min_entropy = 128)]
    weak: Secret,
}

#[derive(Config)]
struct Lists {
    #[config(default = "1,2,30", each(range(max = 9)))]
    numbers: Vec<u8>,
    #[config(default = "https://a,ftp://b", each(scheme("https")))]
    urls: Vec<String>,
    #[config(default = "1,2,3", length(max = 2))]
    count: Vec<u8>,
    #[config(default = "1,,3")]
    gap: Vec<u8>,
    #[config(default = "1,x")]
    unreadable: Vec<u8>,
}

#[derive(Config)]
struct Exact {
    #[config(default = 18_446_744_073_709_551_615, range(max = 18_446_744_073_709_551_614))]
    beyond_what_a_float_tells: u64,
    #[config(default = "9007199254740993", range(max = 9_007_199_254_740_992))]
    as_a_text: u64,
}

fn main() {}
