use groundcrew_envcfg::Config;

#[derive(Config)]
struct Settings {
    #[validate(range(min = 1))]
    port: u16,
    #[config(each(email))]
    mails: Vec<String>,
}

#[derive(Config)]
#[validate(schema(function = check))]
struct Whole {
    port: u16,
}

fn main() {}
