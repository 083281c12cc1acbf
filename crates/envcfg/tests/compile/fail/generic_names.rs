use groundcrew_envcfg::{Config, Vars};
use serde::{Serialize, de::DeserializeOwned};

#[derive(Config)]
struct Inner<T: Serialize + DeserializeOwned> {
    port: T,
}

#[derive(Config)]
struct Outer<T: Serialize + DeserializeOwned> {
    redis_port: T,
    #[config(nested, prefix = "REDIS_")]
    redis: Inner<T>,
}

fn main() {
    drop(Outer::<u16>::from_source(&Vars::new()));
}
