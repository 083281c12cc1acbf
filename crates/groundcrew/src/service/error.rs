use std::{io, net::SocketAddr};

use groundcrew_lifecycle::Exit;

/// Says why a service could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Logs cannot be written, or a subscriber is installed already.
    #[error("starting the log")]
    Logging(#[from] groundcrew_logging::Error),
    /// Signals cannot be handled, or a time limit does not fit.
    #[error("starting the lifecycle")]
    Lifecycle(#[from] groundcrew_lifecycle::Error),
    /// A check's name is taken or not a name, or the probe listener's address is taken.
    #[error("starting the health checks")]
    Health(#[from] groundcrew_health::Error),
    /// Two parts want the same metric.
    #[error("registering metrics")]
    Metrics(#[from] groundcrew_metrics::RegisterError),
    /// The service's own address is taken or not allowed.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ServiceError {
    /// The exit code that says it: 78, as it takes an operator to change something.
    pub const fn exit(&self) -> Exit {
        Exit::Config
    }
}
