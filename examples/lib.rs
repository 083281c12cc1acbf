//! The examples of groundcrew: `cargo run --example NAME`.
