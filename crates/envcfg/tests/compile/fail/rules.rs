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
#[validate(contxt = "Context")]
#[validate(schema(function = check, use_context))]
struct Context {
    #[validate(custom(function = check, use_context = true))]
    port: u16,
}

#[derive(Config)]
struct Arguments {
    #[validate(range(min = 1, min = 2))]
    twice: u16,
    #[validate(length(min = 1), length(max = 2))]
    rule_twice: String,
    #[validate(ip(v4 = 4))]
    flag: String,
    #[validate(contains(pattern = 5))]
    text: String,
    #[validate(range = 5)]
    short: u16,
    #[validate(url(message = 5))]
    message: String,
    #[validate(range(max = "1 +"))]
    code: u16,
    #[config(scheme())]
    none: String,
    #[config(scheme("https://"))]
    too_much: String,
    #[config(min_entropy = 5000)]
    entropy: String,
    #[config(each(required, rnage(min = 1)))]
    elements: Vec<u16>,
    #[config(rang(min = 1), defualt = 3, aliass = "A")]
    several_at_once: u16,
}

fn main() {}
