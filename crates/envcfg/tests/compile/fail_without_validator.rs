use groundcrew_envcfg::Config;

#[derive(Config)]
struct Settings {
    #[validate(range(min = 1))]
    port: u16,
}

fn main() {}
