use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

/// What can go wrong in this crate.
///
/// A read never fails because of Redis. `Clone`, because one failed load answers many callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used; nothing was started.
    #[error("setting {name}")]
    Setting {
        /// The field of [`CacheConfig`](crate::CacheConfig).
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: SettingProblem,
    },
    /// The loader returned an error. Every caller that waited for this load gets it; nothing is cached.
    #[error("loading {key:?}")]
    Load {
        /// The key, without its space.
        key: String,
        /// The loader's error.
        #[source]
        source: LoadError,
    },
    /// The loader panicked. Every caller that waited for this load gets this; nothing is cached.
    #[error("the loader of {key:?} panicked: {message}")]
    LoadPanicked {
        /// The key, without its space.
        key: String,
        /// The panic's message, credentials masked.
        message: String,
    },
    /// The loader did not answer in time and was dropped.
    #[error("the loader of {key:?} did not answer within {after:?}")]
    LoadTimedOut {
        /// The key, without its space.
        key: String,
        /// The deadline, `load_timeout`.
        after: Duration,
    },
    /// As many keys are being loaded as `max_loads` allows.
    #[error("{limit} loads are running already")]
    TooManyLoads {
        /// The setting `max_loads`.
        limit: usize,
    },
    /// The value cannot be serialised.
    #[error("encoding the value of {key:?}")]
    Encode {
        /// The key, without its space.
        key: String,
        /// Why.
        #[source]
        source: EncodeError,
    },
    /// The operation was done in this process but not in Redis: other processes, and this one once it
    /// reads Redis again, may see the old value for up to its time to live. Calling again repairs it.
    #[error("{operation} in redis")]
    Remote {
        /// `set`, `invalidate` or `invalidate_prefix`.
        operation: &'static str,
        /// Why.
        #[source]
        source: RemoteError,
    },
    /// An empty prefix would remove everything, other programs' keys included where the key prefix is
    /// empty too.
    #[error("an empty prefix")]
    EmptyPrefix,
    /// The cache has been shut down.
    #[error("the cache is shut down")]
    Stopped,
}

impl Error {
    /// Whether the same call may succeed later. A loader's own error has to be asked itself.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Remote { source, .. } => source.is_retryable(),
            Self::LoadTimedOut { .. } | Self::TooManyLoads { .. } => true,
            Self::Setting { .. }
            | Self::Load { .. }
            | Self::LoadPanicked { .. }
            | Self::Encode { .. }
            | Self::EmptyPrefix
            | Self::Stopped => false,
        }
    }

    /// Whether a deadline was missed.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::LoadTimedOut { .. }
                | Self::Remote {
                    source: RemoteError::TimedOut { .. },
                    ..
                }
        )
    }

    /// The loader's error, if this is one and of that type.
    #[must_use]
    pub fn loader_error<E: StdError + 'static>(&self) -> Option<&E> {
        match self {
            Self::Load { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

/// What is wrong with a setting. Never holds a password.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingProblem {
    /// A duration outside of its range.
    #[error("{value:?} is not within {least:?} to {most:?}")]
    Duration {
        /// What was given.
        value: Duration,
        /// The least that is possible.
        least: Duration,
        /// The most that is possible.
        most: Duration,
    },
    /// A number outside of its range.
    #[error("{value} is not within {least} to {most}")]
    Number {
        /// What was given.
        value: u64,
        /// The least that is possible.
        least: u64,
        /// The most that is possible.
        most: u64,
    },
    /// Not a Redis URL, or one that contradicts another setting.
    #[cfg(feature = "redis")]
    #[error(transparent)]
    Url(#[from] groundcrew_connect::UrlError),
    /// TLS cannot be set up, as the certificate authorities cannot be read.
    #[cfg(feature = "redis")]
    #[error("{0}")]
    Tls(String),
    /// Both the URL and `redis_password` hold a password.
    #[error("the URL holds a password too; keep one of them")]
    TwoPasswords,
    /// A Redis URL was given to a build without the feature `redis`.
    #[error("this build has no Redis: turn on the feature `redis`")]
    NoRedis,
    /// The driver does not accept the settings.
    #[error("the driver refuses it: {0}")]
    Driver(String),
}

/// The error of a loader, shared by every caller that waited for it.
///
/// Displays as the loader's error and has its source.
#[derive(Clone)]
pub struct LoadError(Arc<dyn StdError + Send + Sync>);

impl LoadError {
    pub(crate) fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The loader's error, if it is of that type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for LoadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Says why a value cannot be serialised.
#[derive(Clone, Debug)]
pub struct EncodeError(Arc<serde_json::Error>);

impl EncodeError {
    pub(crate) fn new(error: serde_json::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for EncodeError {}

/// Says why Redis did not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No answer came within the command deadline. Redis may have done it or not.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The deadline, `redis_command_timeout`.
        after: Duration,
    },
    /// There is no connection, or it was lost while the answer was awaited.
    #[error("not connected")]
    Disconnected,
    /// Redis was not asked, because it did not answer a short while ago.
    #[error("not asked, because the breaker is open")]
    BreakerOpen,
    /// Redis answered with an error.
    #[error("refused: {reply}")]
    Refused {
        /// What it said, credentials masked.
        reply: String,
    },
}

impl RemoteError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Disconnected | Self::BreakerOpen => true,
            Self::Refused { .. } => false,
        }
    }

    /// Whether Redis, or the way to it, is at fault, rather than the single command.
    pub(crate) const fn is_outage(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_loaders_error_is_found_and_not_repeated() {
        let error = Error::Load {
            key: "42".into(),
            source: LoadError::new(io::Error::new(io::ErrorKind::NotFound, "no such row")),
        };

        assert_eq!(error.to_string(), "loading \"42\"");
        assert_eq!(StdError::source(&error).unwrap().to_string(), "no such row");
        assert_eq!(
            error.loader_error::<io::Error>().map(io::Error::kind),
            Some(io::ErrorKind::NotFound)
        );
        assert!(error.loader_error::<fmt::Error>().is_none());
    }
}
