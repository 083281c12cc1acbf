//! Ready-made checks.
//!
//! | check | feature | asks |
//! |---|---|---|
//! | [`DiskCheck`] | | how full file systems are, as `df` counts |
//! | [`MemoryCheck`] | | how full the cgroup's or the machine's memory is |
//! | [`Saturation`] | | how full something countable is: WebSocket connections, a queue |
//! | [`ExternalApis`] | | several services at once |
//! | [`Blocking`] | | anything that blocks, one call at a time |
//! | `HttpCheck` | `http` | a URL: status and JSON |
//! | `PostgresCheck` | `postgres` | PostgreSQL, on a connection of its own |
//! | `RedisCheck` | `redis` | Redis and Redis Cluster, on a connection of its own |

#[cfg(any(feature = "postgres", feature = "redis"))]
mod asking;
mod blocking;
mod disk;
mod external_apis;
#[cfg(feature = "http")]
mod http;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod saturation;
mod thresholds;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod traffic;

pub use blocking::Blocking;
pub use disk::DiskCheck;
pub use external_apis::ExternalApis;
pub use memory::MemoryCheck;
pub use saturation::Saturation;
pub use thresholds::{InvalidThresholds, Thresholds};

#[cfg(feature = "http")]
pub use self::http::{HttpCheck, HttpCheckError};
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresCheck;
#[cfg(feature = "redis")]
pub use self::redis::RedisCheck;
