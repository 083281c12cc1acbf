use groundcrew_envcfg::{Config, Secret};

#[derive(Config)]
struct Redis {
    url: String,
    port: u16,
}

#[derive(Config)]
struct SameName {
    redis_port: u16,
    #[config(nested, prefix = "REDIS_")]
    redis: Redis,
}

#[derive(Config)]
struct SamePrefix {
    #[config(nested, prefix = "REDIS_")]
    one: Redis,
    #[config(nested)]
    two: Inner,
}

#[derive(Config)]
struct Inner {
    #[config(nested, prefix = "REDIS_")]
    redis: Option<Redis>,
}

#[derive(Config)]
struct SecretFile {
    token: Secret,
    #[config(nested, prefix = "TOKEN_")]
    of_token: OfToken,
}

#[derive(Config)]
struct OfToken {
    file: String,
}

fn main() {}
