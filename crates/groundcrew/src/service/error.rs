use std::{io, net::SocketAddr};

use groundcrew_health as health;
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
    /// The exit code that says it: 78 where it takes an operator to change something, 1 where the machine had no room, such as
    /// for another descriptor.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Lifecycle(error) => error.exit(),
            Self::Listen { source, .. } | Self::Health(health::Error::Bind { source, .. }) => exit_of(source),
            Self::Health(health::Error::Thread(_)) => Exit::Error,
            Self::Logging(_) | Self::Health(_) | Self::Metrics(_) => Exit::Config,
        }
    }
}

fn exit_of(error: &io::Error) -> Exit {
    match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable | io::ErrorKind::PermissionDenied => {
            Exit::Config
        }
        _ => Exit::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_cannot_change_is_not_78() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let (taken, full) = (io::ErrorKind::AddrInUse, io::ErrorKind::OutOfMemory);
        let listen = |kind: io::ErrorKind| ServiceError::Listen {
            address,
            source: kind.into(),
        };
        let bind = |kind: io::ErrorKind| {
            let source = kind.into();
            ServiceError::Health(health::Error::Bind { address, source })
        };
        let signals = groundcrew_lifecycle::Error::Signals(full.into());
        let zero = groundcrew_lifecycle::Error::ZeroTimeout { name: "stop_timeout" };
        let cases = [
            (listen(taken), Exit::Config),
            (listen(io::ErrorKind::PermissionDenied), Exit::Config),
            (listen(full), Exit::Error),
            (bind(taken), Exit::Config),
            (bind(full), Exit::Error),
            (ServiceError::Lifecycle(signals), Exit::Error),
            (ServiceError::Lifecycle(zero), Exit::Config),
            (ServiceError::Health(health::Error::NoToken), Exit::Config),
        ];

        for (error, exit) in cases {
            assert_eq!(error.exit(), exit, "{error:?}");
        }
    }
}
