use groundcrew_envcfg::{Config, Secret};

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

#[derive(Config)]
#[config(prefix = "HTTP_")]
struct BehindItsPrefix {
    #[config(env = "PORT", alias = "OLD")]
    port: u16,
    #[config(env = "OLD")]
    other: u16,
    #[config(alias = "PORT")]
    third: u16,
}

#[derive(Config)]
struct ByFile {
    token: Secret,
    token_file: String,
}

#[derive(Config)]
struct ByFileBefore<T: serde::Serialize + serde::de::DeserializeOwned> {
    api_token_file: T,
    api_token: String,
}

fn main() {}
