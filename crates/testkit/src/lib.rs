#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod account;
mod admin;
mod binary;
mod certificate;
mod daemon;
mod database;
mod error;
mod eventually;
mod given;
mod poll;
mod port;
mod postgres;
mod process_tree;
mod redis;
mod resp;
mod sandbox;
mod scram;
mod shared;
mod stale;
mod template;

pub use certificate::CertificateFiles;
pub use database::Database;
pub use error::Error;
pub use eventually::eventually;
pub use postgres::{Postgres, PostgresBuilder};
pub use redis::{Redis, RedisBuilder};
pub use shared::{SharedRedis, database, redis};
