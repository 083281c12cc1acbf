use std::{fmt, io};

use crate::{DependencyFailure, Exit};

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A timeout of the configuration is zero.
    #[error("{name} must be longer than zero")]
    ZeroTimeout {
        /// The field of [`LifecycleConfig`](crate::LifecycleConfig).
        name: &'static str,
    },
    /// The signal handlers could not be installed.
    #[error("installing signal handlers")]
    Signals(#[source] io::Error),
    /// Required dependencies did not come up. The reasons are free of credentials.
    #[error("{}", Listed(.failures))]
    Dependencies {
        /// Every required dependency that is still missing.
        failures: Vec<DependencyFailure>,
    },
    /// The service was told to stop before it was ready.
    #[error("told to stop while starting")]
    Interrupted,
    /// A listener did not tell its address.
    #[error("reading the address of a listener")]
    Listener(#[source] io::Error),
}

impl Error {
    /// The exit code that tells an operator what happened.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ZeroTimeout { .. } => Exit::Config,
            Self::Signals(_) | Self::Listener(_) => Exit::Error,
            Self::Dependencies { failures } if failures.iter().any(DependencyFailure::is_permanent) => {
                Exit::Config
            }
            Self::Dependencies { .. } => Exit::Unavailable,
            Self::Interrupted => Exit::Clean,
        }
    }

    /// Whether the same start may succeed later without a change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.exit() == Exit::Unavailable
    }
}

struct Listed<'a>(&'a [DependencyFailure]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, failure) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}
