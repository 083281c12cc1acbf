use std::{io, net::SocketAddr};

/// Why the health engine or its listener does not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A check has a name that cannot stand in a URL and a metric label.
    #[error("check name {name:?}: expected 1 to 64 of a-z, 0-9, '_', '-', '.'")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// A check has a tag that cannot stand in a URL.
    #[error("tag {tag:?} of {name}: expected 1 to 64 of a-z, 0-9, '_', '-', '.'")]
    InvalidTag {
        /// The check.
        name: String,
        /// The tag.
        tag: String,
    },
    /// Two checks have the same name.
    #[error("check name {name} is taken")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// There is no check of that name.
    #[error("there is no check {name}")]
    UnknownCheck {
        /// The name.
        name: String,
    },
    /// A duration or a threshold is zero.
    #[error("{name} must be more than zero")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// Details are shown to the holder of a token, but there is no token.
    #[error("details are guarded by a token, but details_token is not set")]
    NoToken,
    /// The engine was started outside a tokio runtime.
    #[error("the health engine needs a tokio runtime")]
    NoRuntime,
    /// The probe listener cannot have its address, most often because another process has it.
    #[error("listening for probes on {address}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The thread of the probe listener, or the one that watches the runtime, cannot be started.
    #[error("starting a thread")]
    Thread(#[source] io::Error),
}

impl Error {
    /// Whether the same start may succeed later without a change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Bind { .. } | Self::Thread(_))
    }
}
