use std::{fmt, path::PathBuf, time::Duration};

use groundcrew_base::{Backoff, ByteSize};
use tracing::Level;

mod buffer;
mod config;
mod error;
#[cfg(feature = "otlp")]
mod header_list;
#[cfg(feature = "intake")]
mod intake;
#[cfg(feature = "otlp")]
mod otlp;
mod record;
#[cfg(feature = "sentry")]
mod scrub;
#[cfg(feature = "sentry")]
mod sentry;
mod sink;

#[cfg(feature = "otlp")]
pub use self::config::OtlpProtocol;
#[cfg(feature = "intake")]
pub use self::intake::{Datadog, NewRelic};
#[cfg(feature = "otlp")]
pub use self::otlp::Otlp;
#[cfg(feature = "sentry")]
pub use self::sentry::SentryEvents;
pub(crate) use self::sink::{ExportSink, Exporter, Place};
pub use self::{config::ExportsConfig, error::ExportError};
use crate::courier::CourierSettings;

/// Sends the lines of the log to a service over the network: [`Datadog`](crate::Datadog),
/// [`NewRelic`](crate::NewRelic), Sentry, or a collector of OpenTelemetry.
///
/// It is a sink beside the files, with a thread and a bounded buffer of its own: a service that is slow or gone
/// costs its own lines, counted as dropped, and stops nothing else. The lines are redacted. What is lost is told in
/// the log, at most once a minute.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_base::{ByteSize, Secret};
/// use groundcrew_logging::{Export, Logging};
/// use tracing::Level;
///
/// # #[cfg(feature = "intake")] {
/// use groundcrew_logging::Datadog;
///
/// let datadog = Export::from(Datadog::new(Secret::from("0123456789abcdef")))
///     .level(Level::WARN)
///     .buffer(ByteSize::mib(4))
///     .age(Duration::from_secs(2));
/// let builder = Logging::builder().export(datadog);
/// # drop(builder);
/// # }
/// ```
#[must_use]
pub struct Export {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) buffer: ByteSize,
    pub(crate) age: Duration,
    pub(crate) courier: CourierSettings,
    pub(crate) open: Open,
}

/// Makes the exporter once the log is known.
pub(crate) type Open =
    Box<dyn FnOnce(&Place, CourierSettings) -> Result<Box<dyn Exporter>, ExportError> + Send>;

impl Export {
    pub(crate) fn new(
        name: &'static str,
        level: Level,
        open: impl FnOnce(&Place, CourierSettings) -> Result<Box<dyn Exporter>, ExportError> + Send + 'static,
    ) -> Self {
        Self {
            name,
            level,
            buffer: ByteSize::mib(8),
            age: Duration::from_secs(5),
            courier: CourierSettings {
                attempt: Duration::from_secs(30),
                total: Duration::from_secs(300),
                ..CourierSettings::default()
            },
            open: Box::new(open),
        }
    }

    /// The least grave level that is sent; default all that is logged, and `info` for Sentry, which makes
    /// breadcrumbs of it.
    pub const fn level(mut self, least: Level) -> Self {
        self.level = least;
        self
    }

    /// How many bytes of lines may wait; default 8 MiB. What comes on top is dropped and counted. The memory used is
    /// at most about four times that while a batch is being sent.
    pub const fn buffer(mut self, size: ByteSize) -> Self {
        self.buffer = size;
        self
    }

    /// How long a line waits for others at most; default 5 s.
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// How long one attempt to send a batch may take; default 30 s.
    pub const fn attempt(mut self, deadline: Duration) -> Self {
        self.courier.attempt = deadline;
        self
    }

    /// How long a batch is tried, with the waits between the attempts; default 5 minutes. Then it is dropped, at once
    /// if the service asks to be left alone for longer.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.courier.total = deadline;
        self
    }

    /// The waits between attempts where the server does not say how long to wait; default 500 ms, doubling up to
    /// 30 s, each +-50 %.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.courier.backoff = backoff;
        self
    }

    /// Trusts the certificate authorities in this PEM file; default those of the system.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.courier.ca_file = Some(path.into());
        self
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("name", &self.name)
            .field("level", &self.level)
            .field("buffer", &self.buffer)
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}
