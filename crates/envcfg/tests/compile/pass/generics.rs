use groundcrew_envcfg::{Config, Vars};
use serde::{Serialize, de::DeserializeOwned};

#[derive(Config)]
struct Pair<T: Serialize + DeserializeOwned> {
    left: T,
    right: Option<T>,
}

fn main() {
    let pair = Pair::<u8>::from_source(&Vars::from([("LEFT", "1"), ("RIGHT", "2")])).ok().unwrap();
    assert_eq!((pair.left, pair.right), (1, Some(2)));
}
