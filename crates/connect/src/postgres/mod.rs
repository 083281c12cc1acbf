//! PostgreSQL connection URLs, as libpq reads them, for tokio-postgres and for child processes.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use groundcrew_connect::postgres::PostgresUrl;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url: PostgresUrl = "postgres://app@db.example.com/shop?sslrootcert=/etc/ca.pem".parse()?;
//! let (client, connection) = url.connect(Duration::from_secs(5)).await?;
//! let mut tasks = tokio::task::JoinSet::new();
//! tasks.spawn(connection);
//! client.simple_query("SELECT 1").await?;
//! # Ok(())
//! # }
//! ```

mod connection;
mod hosts;
mod libpq_env;
mod parameters;
mod sslmode;
mod tls;
mod url;

#[doc(hidden)]
pub use connection::connect;
pub use connection::{ConnectError, PostgresConnection};
pub use sslmode::SslMode;
pub use tls::PostgresTls;
pub use tokio_postgres;
pub use url::PostgresUrl;
