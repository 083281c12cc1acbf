//! The reference service from outside: the real program on real servers, over HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod backups;
mod balancer;
mod books;
mod cache;
mod client;
mod contract;
mod ending;
mod faults;
mod feed;
mod frozen_start;
mod guards;
mod harness;
mod monitoring;
mod orchestrators;
mod post_deploy;
mod process_tree;
mod scrape;
mod secrets;
mod servers;
mod settings;
mod starting;
