//! Everything on real servers, with the faults caused.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod bulk;
mod cancellation;
mod events;
mod faults;
mod filters;
mod handle;
mod pages;
mod pool;
mod support;
