use groundcrew_envcfg::Config;

#[derive(Config)]
struct Settings {
    #[validate(rang(min = 1))]
    misspelled: u16,
    #[validate(range(minimum = 1))]
    argument: u16,
    #[validate(length(equal = 1, min = 2))]
    both: String,
    #[validate(custom)]
    nothing: String,
}

#[derive(Config)]
struct Other {
    #[validate(must_match(other = "gone"))]
    password: String,
}

#[derive(Config)]
#[validate(context = "Context")]
struct Context {
    port: u16,
}

fn main() {}
