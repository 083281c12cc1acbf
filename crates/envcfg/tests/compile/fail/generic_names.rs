use groundcrew_envcfg::Config;
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
    let _load: fn(_, _) -> _ = Outer::<u16>::load_with;
}
