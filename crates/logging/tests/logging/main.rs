//! What a service sees of its logs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod capture;
mod console;
mod crash;
mod crash_campaign;
mod fields;
mod files;
#[cfg(feature = "tower")]
mod http;
mod lines;
mod process;
mod queue;
mod redaction;
mod seams;
