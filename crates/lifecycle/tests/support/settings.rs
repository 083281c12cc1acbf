//! A lifecycle with some of its settings changed.

use std::time::Duration;

use groundcrew_base::Backoff;
use groundcrew_lifecycle::{Lifecycle, LifecycleConfig, Signals};

pub(crate) fn lifecycle(signals: Signals, change: impl FnOnce(&mut LifecycleConfig)) -> Lifecycle {
    let mut config = LifecycleConfig::default();
    change(&mut config);
    Lifecycle::builder()
        .config(config)
        .signals(signals)
        .dependency_backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(1)))
        .start()
        .unwrap()
}
