#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod acceptor;
mod account;
mod admin;
mod binary;
mod certificate;
mod daemon;
mod database;
mod error;
mod events;
mod eventually;
mod given;
mod lateness;
mod pgbouncer;
mod poll;
mod port;
mod postgres;
mod pressure;
mod process_tree;
mod prometheus;
mod promtool;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod resp;
mod s3;
mod sandbox;
mod scram;
mod secret;
mod shared;
mod small_disk;
mod stale;
mod template;

pub use certificate::CertificateFiles;
pub use database::Database;
pub use error::Error;
pub use events::{Events, Fields};
pub use eventually::eventually;
pub use lateness::Lateness;
pub use pgbouncer::{PgBouncer, PgBouncerBuilder};
pub use postgres::{Postgres, PostgresBuilder};
pub use pressure::pressure;
pub use prometheus::Prometheus;
pub use promtool::{Promtool, Verdict};
pub use proxy::{Proxy, ProxyStats};
pub use redis::{Redis, RedisBuilder};
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinel;
pub use s3::{S3, S3Upload, S3Write};
pub use shared::{SharedRedis, SharedRedisCluster, database, redis, redis_cluster};
pub use small_disk::{SmallDisk, disk_of_inodes, small_disk};
