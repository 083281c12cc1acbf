use groundcrew_envcfg::Config;

#[derive(Config)]
struct Field {
    #[config(defualt = 3000)]
    port: u16,
    #[config(unit = "sec")]
    wait: std::time::Duration,
    #[config(env = "A B")]
    name: String,
}

#[derive(Config)]
#[config(profile = "NODE_ENV")]
struct Container {
    port: u16,
}

fn main() {}
