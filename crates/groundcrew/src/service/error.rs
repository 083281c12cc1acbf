use std::{io, net::SocketAddr};

use groundcrew_health as health;
use groundcrew_lifecycle::Exit;
use rustix::io::Errno;

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

/// Where the process or the machine has run out of something, the same may work in a while.
fn exit_of(error: &io::Error) -> Exit {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].map(Errno::raw_os_error);
    match error.raw_os_error() {
        Some(code) if shortages.contains(&code) => Exit::Error,
        _ if error.kind() == io::ErrorKind::OutOfMemory => Exit::Error,
        _ => Exit::Config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_cannot_change_is_not_78() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let listen = |error: Errno| ServiceError::Listen {
            address,
            source: error.into(),
        };
        let bind = |error: Errno| {
            let source = error.into();
            ServiceError::Health(health::Error::Bind { address, source })
        };
        let signals = groundcrew_lifecycle::Error::Signals(Errno::MFILE.into());
        let zero = groundcrew_lifecycle::Error::ZeroTimeout { name: "stop_timeout" };
        let cases = [
            (listen(Errno::ADDRINUSE), Exit::Config),
            (listen(Errno::ACCESS), Exit::Config),
            (listen(Errno::AFNOSUPPORT), Exit::Config),
            (listen(Errno::MFILE), Exit::Error),
            (listen(Errno::NFILE), Exit::Error),
            (bind(Errno::ADDRINUSE), Exit::Config),
            (bind(Errno::NOBUFS), Exit::Error),
            (ServiceError::Lifecycle(signals), Exit::Error),
            (ServiceError::Lifecycle(zero), Exit::Config),
            (ServiceError::Health(health::Error::NoToken), Exit::Config),
        ];

        for (error, exit) in cases {
            assert_eq!(error.exit(), exit, "{error:?}");
        }
    }
}
