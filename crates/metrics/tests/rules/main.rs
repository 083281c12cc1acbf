//! What is generated, in the eyes of Prometheus.
#![cfg(feature = "rules")]
#![expect(clippy::unwrap_used, reason = "a test")]

mod alerts;
mod dashboards;
mod files;
mod mistakes;
mod service;
mod texts;
