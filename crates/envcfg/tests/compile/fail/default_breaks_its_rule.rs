use groundcrew_envcfg::Config;

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

fn main() {}
