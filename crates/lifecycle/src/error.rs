use std::{error::Error as StdError, fmt, io};

use crate::{DependencyFailure, Exit};

// By hand, because the dependency budget of this crate has no room for a derive.
/// Why a service did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A timeout of the configuration is zero.
    ZeroTimeout {
        /// The field of [`LifecycleConfig`](crate::LifecycleConfig).
        name: &'static str,
    },
    /// The signal handlers could not be installed.
    Signals(io::Error),
    /// Required dependencies did not come up. The reasons are free of credentials.
    Dependencies {
        /// Every required dependency that is still missing.
        failures: Vec<DependencyFailure>,
    },
    /// The service was told to stop before it was ready.
    Interrupted,
    /// A listener did not tell its address.
    Listener(io::Error),
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroTimeout { name } => write!(f, "{name} must be longer than zero"),
            Self::Signals(_) => f.write_str("installing signal handlers"),
            Self::Dependencies { failures } => list(f, failures),
            Self::Interrupted => f.write_str("told to stop while starting"),
            Self::Listener(_) => f.write_str("reading the address of a listener"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Signals(source) | Self::Listener(source) => Some(source),
            Self::ZeroTimeout { .. } | Self::Dependencies { .. } | Self::Interrupted => None,
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, failures: &[DependencyFailure]) -> fmt::Result {
    for (at, failure) in failures.iter().enumerate() {
        let separator = if at > 0 { "; " } else { "" };
        write!(f, "{separator}{failure}")?;
    }
    Ok(())
}
