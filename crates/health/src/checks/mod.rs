//! Ready-made checks.
//!
//! | check | feature | asks |
//! |---|---|---|
//! | [`DiskCheck`] | | how full file systems are, as `df` counts |
//! | [`MemoryCheck`] | | how full the cgroup's or the machine's memory is |
//! | [`DescriptorCheck`] | | how many file descriptors are open, of those there may be |
//! | [`RuntimeCheck`] | | how long a new task waits for a worker |
//! | [`Saturation`] | | how full something countable is: WebSocket connections, a queue |
//! | [`ExternalApis`] | | several services at once |
//! | [`Blocking`] | | anything that blocks, one call at a time |
//! | `TcpCheck` | `tcp` | whether somebody takes connections |
//! | `TlsCheck` | `tls` | how long a certificate is good for |
//! | `HttpCheck` | `http` | a URL: status and JSON |
//! | `PostgresCheck` | `postgres` | PostgreSQL, on a connection of its own |
//! | `RedisCheck` | `redis` | Redis and Redis Cluster, on connections of its own |

mod blocking;
mod descriptors;
mod disk;
mod external_apis;
#[cfg(feature = "http")]
mod http;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod inquiry;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod link;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod runtime;
mod saturation;
#[cfg(feature = "tcp")]
mod tcp;
mod thresholds;
#[cfg(feature = "tls")]
mod tls;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod traffic;
#[cfg(any(feature = "postgres", feature = "redis", feature = "tcp"))]
mod verdicts;

pub use blocking::Blocking;
pub use descriptors::DescriptorCheck;
pub use disk::DiskCheck;
pub(crate) use external_apis::EXTERNAL_SERVICES;
pub use external_apis::ExternalApis;
pub use memory::MemoryCheck;
pub use runtime::RuntimeCheck;
pub use saturation::Saturation;
#[cfg(feature = "tcp")]
pub use tcp::TcpCheck;
pub use thresholds::{InvalidThresholds, Thresholds};
#[cfg(feature = "tls")]
pub use tls::TlsCheck;

#[cfg(feature = "http")]
pub use self::http::{HttpCheck, HttpCheckError};
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresCheck;
#[cfg(feature = "redis")]
pub use self::redis::RedisCheck;
