use groundcrew_envcfg::Config;

#[derive(Config)]
struct Settings {
    #[validate(credit_card)]
    card: String,
}

fn main() {}
