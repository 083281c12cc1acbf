use groundcrew_envcfg::Config;

#[derive(Config)]
enum Level {
    Low,
}

#[derive(Config)]
struct Pair(u16, u16);

fn main() {}
