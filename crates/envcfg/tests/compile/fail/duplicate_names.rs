use groundcrew_envcfg::Config;

#[derive(Config)]
struct ByName {
    port: u16,
    #[config(env = "PORT")]
    other: u16,
}

#[derive(Config)]
struct ByAlias {
    port: u16,
    #[config(alias = "PORT")]
    other: u16,
}

fn main() {}
