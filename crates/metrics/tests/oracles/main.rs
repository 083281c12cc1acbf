//! What is exposed, read by others: the strict OpenMetrics parser of Python's client, promtool, a Prometheus server
//! that scrapes, and a decoder of protocol buffers.
#![cfg(feature = "axum")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed set-up fails the test"
)]

mod attached;
mod expired;
mod infos;
mod messages;
mod model;
#[path = "../labels/pair.rs"]
mod pair;
mod python;
mod random;
mod scraped;
