//! The HTTP layer and the routes, against real routers and a real server.
#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod app;
mod bodies;
mod exchanges;
mod presets;
mod routes;
mod samples;
mod streams;
