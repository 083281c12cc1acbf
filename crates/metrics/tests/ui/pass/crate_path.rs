// The crate under another path, as behind a facade.
mod facade {
    pub use groundcrew_metrics as metrics;
}

#[derive(facade::metrics::Labels)]
#[labels(crate = crate::facade::metrics)]
struct Shard {
    shard: u16,
    state: State,
}

#[derive(facade::metrics::LabelValue)]
#[labels(crate = facade::metrics)]
enum State {
    Up,
}

fn main() {
    let registry = facade::metrics::Registry::new();
    let shards = registry.gauge_family::<Shard>("shard_state", "State").unwrap();
    shards.set(&Shard { shard: 3, state: State::Up }, 1.0);
}
