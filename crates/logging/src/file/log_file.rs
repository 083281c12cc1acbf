use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use groundcrew_base::ByteSize;
use jiff::tz::TimeZone;
use tracing::Level;

use super::{
    Compress, FileMode, Rotate,
    archives::Limits,
    open_file::behind_links,
    rotate::{self, UTC},
};
use crate::{Error, sink::Encoding};

/// A file that JSON lines go to, and what becomes of it when it is full.
///
/// It keeps its name: `combined.log` is always the one being written. A full one becomes `combined.000001.log`, with
/// a schedule `combined.000001.2026-11-22.log`, and compressed `combined.000001.log.zst`. Numbers go up across
/// restarts, whatever the clock does.
///
/// # Examples
/// ```
/// use groundcrew_base::ByteSize;
/// use groundcrew_logging::{Format, LogFile, Logging, LoggingConfig, Rotate};
/// use tracing::Level;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("audit.log");
/// let audit = LogFile::at(&path)
///     .least(Level::WARN)
///     .max_size(ByteSize::mib(20))
///     .rotate(Rotate::Daily)
///     .max_total(ByteSize::gib(1));
/// let mut config = LoggingConfig::default();
/// config.format = Format::Off;
/// let (layer, logging) = Logging::builder().config(config).file(audit).build::<tracing_subscriber::Registry>()?;
/// # drop(layer);
/// assert_eq!(logging.stats().sinks[0].name, "audit.log");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct LogFile {
    pub(super) path: PathBuf,
    pub(super) least: Level,
    pub(super) max_size: ByteSize,
    pub(super) max_files: u32,
    pub(super) max_total: Option<ByteSize>,
    pub(super) max_age: Option<Duration>,
    pub(super) rotate: Rotate,
    pub(super) zone: String,
    pub(super) compress: Compress,
    pub(super) mode: FileMode,
    pub(super) is_for_audit: bool,
    pub(super) setting: &'static str,
}

impl LogFile {
    /// A file for all lines that is rotated at 100 MiB, of which ten are kept. Its directory is made.
    ///
    /// Behind a symbolic link it is the target that is rotated, in the directory of that. A device or a pipe is
    /// only written to.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            least: Level::TRACE,
            max_size: ByteSize::mib(100),
            max_files: 10,
            max_total: None,
            max_age: None,
            rotate: Rotate::Off,
            zone: UTC.to_owned(),
            compress: Compress::Off,
            mode: FileMode::default(),
            is_for_audit: false,
            setting: "LogFile::at",
        }
    }

    /// The least grave level it takes; default all. No level keeps an audit event from a file that is
    /// [only for these](Self::only_audit).
    pub const fn least(mut self, least: Level) -> Self {
        self.least = least;
        self
    }

    /// Takes the events of [`audit!`](crate::audit) and no others, whatever [`Self::least`] says; they are in the other
    /// files too, as events of level info.
    pub const fn only_audit(mut self) -> Self {
        self.is_for_audit = true;
        self
    }

    /// The size at which it is rotated; default 100 MiB. A line that is longer gets a file of its own.
    pub const fn max_size(mut self, size: ByteSize) -> Self {
        self.max_size = size;
        self
    }

    /// How many files are kept, the current one and compressed ones too; default 10.
    pub const fn max_files(mut self, count: u32) -> Self {
        self.max_files = count;
        self
    }

    /// How many bytes all files but the current one may have together, as they lie there; default no limit. The
    /// oldest are removed, compressed ones after they have been compressed.
    pub const fn max_total(mut self, size: ByteSize) -> Self {
        self.max_total = Some(size);
        self
    }

    /// After how long without a write a file other than the current one is removed; default never.
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// When it is rotated besides when it is full; default [`Rotate::Off`].
    pub const fn rotate(mut self, rotate: Rotate) -> Self {
        self.rotate = rotate;
        self
    }

    /// The time zone of hours, days and weeks, by its IANA name; default `UTC`. Others are looked up in the
    /// zone database of the machine.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// How full files are compressed, by a thread of its own; default [`Compress::Off`].
    pub const fn compress(mut self, compress: Compress) -> Self {
        self.compress = compress;
        self
    }

    /// Who may read it; default 0640. Holds whatever the umask is, and for compressed files too.
    pub const fn mode(mut self, mode: FileMode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) const fn encoding(&self) -> Encoding {
        if self.is_for_audit {
            Encoding::Audit
        } else {
            Encoding::Json
        }
    }

    /// What a user has set to get this file, for messages.
    pub(crate) const fn set_by(mut self, setting: &'static str) -> Self {
        self.setting = setting;
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path behind symbolic links.
    pub(crate) fn real_path(&self) -> PathBuf {
        behind_links(&self.path)
    }

    pub(crate) const fn level(&self) -> Level {
        self.least
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let zero = [
            (self.max_size.bytes() == 0, "max_size"),
            (self.max_files == 0, "max_files"),
            (self.max_age.is_some_and(|age| age.is_zero()), "max_age"),
        ];
        if let Some((_, setting)) = zero.into_iter().find(|(is_zero, _)| *is_zero) {
            return Err(Error::Zero { setting });
        }
        if let Some(total) = self.max_total.filter(|total| *total < self.max_size) {
            let size = self.max_size;
            return Err(Error::TotalTooSmall { total, size });
        }
        if !self.compress.is_available() {
            return Err(Error::NeedsFeature {
                setting: "compress",
                feature: self.compress.name(),
            });
        }
        self.time_zone().map(drop)
    }

    pub(super) fn time_zone(&self) -> Result<TimeZone, Error> {
        rotate::zone(&self.zone).ok_or_else(|| Error::UnknownZone {
            zone: self.zone.clone(),
        })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            count: u64::from(self.max_files.saturating_sub(1)),
            total: self.max_total.map(ByteSize::bytes),
            age: self.max_age,
        }
    }
}
