use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use groundcrew_base::{ByteSize, Secret};
use serde::{Deserialize, Serialize};
use tracing::Level;

use crate::{
    Compress, Error, FileMode, Filter, Flood, Location, LogFile, Overflow, Profile, RedactRule, Rotate,
    file::UTC,
};

/// Where logs go and how: what an operator decides.
///
/// With the feature `envcfg` it is read from the environment variables named at its fields. The default logs
/// `info` and graver to the standard output and writes no files.
///
/// # Examples
/// ```
/// use groundcrew_logging::{LoggingConfig, Format};
///
/// let mut config = LoggingConfig::default();
/// config.level = "info,sqlx=warn".parse()?;
/// config.format = Format::Json;
/// config.dir = Some("/var/log/app".into());
/// # Ok::<(), groundcrew_logging::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default, check = Self::report))]
#[non_exhaustive]
pub struct LoggingConfig {
    /// Where alerts go.
    #[cfg(feature = "alerts")]
    #[cfg_attr(docsrs, doc(cfg(feature = "alerts")))]
    #[cfg_attr(feature = "envcfg", config(nested))]
    pub alerts: crate::AlertsConfig,
    /// Which services get the lines.
    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    #[cfg_attr(feature = "envcfg", config(nested))]
    pub exports: crate::ExportsConfig,
    /// The least grave level that is logged, and directives for single targets (`info,sqlx=warn`); default
    /// `info`. `LOG_LEVEL`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_LEVEL"))]
    pub level: Filter,
    /// What goes to the standard output: auto, json, console or off; default auto. `LOG_FORMAT`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_FORMAT"))]
    pub format: Format,
    /// Whether the console format is coloured: auto, always or never; default auto. `LOG_COLOR`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_COLOR"))]
    pub color: Color,
    /// The names of the fields: default, opentelemetry, ecs, gcp or datadog; default default. `LOG_PROFILE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_PROFILE"))]
    pub profile: Profile,
    /// Whether lines tell the file and line of the event: hidden or shown; default hidden. `LOG_LOCATION`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_LOCATION"))]
    pub location: Location,
    /// The Google Cloud project that traces belong to, for the profile gcp. `GOOGLE_CLOUD_PROJECT`.
    #[cfg_attr(feature = "envcfg", config(env = "GOOGLE_CLOUD_PROJECT"))]
    pub gcp_project: Option<String>,
    /// The directory of `combined.log` and `error.log`; default: no files. `LOG_DIR`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_DIR"))]
    pub dir: Option<PathBuf>,
    /// The size at which `combined.log` is rotated; default 100 MiB. `LOG_MAX_SIZE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_MAX_SIZE", range(min = "1B")))]
    pub max_size: ByteSize,
    /// How many files of `combined.log` are kept, the current one too; default 10. `LOG_MAX_FILES`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_MAX_FILES", range(min = 1)))]
    pub max_files: u32,
    /// The size at which `error.log` is rotated; default 50 MiB. `LOG_ERROR_MAX_SIZE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_ERROR_MAX_SIZE", range(min = "1B")))]
    pub error_max_size: ByteSize,
    /// How many files of `error.log` are kept, the current one too; default 5. `LOG_ERROR_MAX_FILES`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_ERROR_MAX_FILES", range(min = 1)))]
    pub error_max_files: u32,
    /// When both are rotated besides when they are full: off, hourly, daily or weekly; default off.
    /// `LOG_ROTATE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_ROTATE"))]
    pub rotate: Rotate,
    /// The time zone of hours, days and weeks, by its IANA name; default `UTC`. `LOG_ROTATE_ZONE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_ROTATE_ZONE"))]
    pub rotate_zone: String,
    /// How many bytes the full files of `combined.log` may have together, and those of `error.log`; default no
    /// limit. `LOG_MAX_TOTAL`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_MAX_TOTAL"))]
    pub max_total: Option<ByteSize>,
    /// After how long without a write a full file is removed; default never, a bare number is days.
    /// `LOG_MAX_AGE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_MAX_AGE", unit = "d"))]
    pub max_age: Option<Duration>,
    /// How full files are compressed: off, gzip or zstd, with the feature of that name; default off.
    /// `LOG_COMPRESS`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_COMPRESS"))]
    pub compress: Compress,
    /// Who may read both, as an octal mode; default 0640. `LOG_FILE_MODE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_FILE_MODE"))]
    pub file_mode: FileMode,
    /// How many bytes of lines may wait for the writer; default 8 MiB. The standard output beside files, and every
    /// sink of the service's own beside others, has a queue of this size again. The memory used is at most about
    /// twice that for each queue. `LOG_QUEUE_SIZE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_QUEUE_SIZE"))]
    pub queue_size: ByteSize,
    /// What happens to a line when the queue is full: `block`, `block-for=250ms`, `drop-newest` or
    /// `drop-below=warn`; default block. `LOG_OVERFLOW`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_OVERFLOW"))]
    pub overflow: Overflow,
    /// Whether lines wait in a file of `dir` instead of plain memory, so that a process that dies loses none: the
    /// next one writes them. Default no. `LOG_CRASH_SAFE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_CRASH_SAFE"))]
    pub crash_safe: bool,
    /// How many events of one place in the code are logged; default 10000 a second after 200000 at once.
    /// `LOG_FLOOD`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_FLOOD"))]
    pub flood: Flood,
    /// Whether audit events are also in a file of their own: combined or file; default combined. `LOG_AUDIT`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_AUDIT"))]
    pub audit: Audit,
    /// The longest line; what is longer is cut and marked `"truncated":true`. Default 64 KiB. `LOG_MAX_LINE`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_MAX_LINE"))]
    pub max_line: ByteSize,
    /// Names of fields that are hidden besides the usual ones, and kinds of secrets: `hole_*,ssn=hash,@email`; see
    /// [`RedactRule`]. `LOG_REDACT`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_REDACT"))]
    pub redact: Vec<RedactRule>,
    /// The key of the action `hash`, at least 16 bytes; default none. `LOG_REDACT_KEY`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_REDACT_KEY"))]
    pub redact_key: Option<Secret>,
    /// How long a panic, or dropping the handle, waits for the writer; default 5 s, a bare number is seconds.
    /// `LOG_FLUSH_TIMEOUT`.
    #[cfg_attr(feature = "envcfg", config(env = "LOG_FLUSH_TIMEOUT", unit = "s"))]
    pub flush_timeout: Duration,
}

/// What goes to the standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Console on a terminal and in the environment `development`, else JSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Text for people.
    Console,
    /// Nothing.
    Off,
}

/// Where the events of [`audit!`](crate::audit) go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Audit {
    /// Where the others go.
    #[default]
    Combined,
    /// Into `audit.log` too, sized as `combined.log`, if there is a directory for files.
    File,
}

/// Whether the console format is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl LoggingConfig {
    /// What the settings for files come to: `combined.log`, `error.log` and, if wanted, `audit.log`, or nothing.
    pub(crate) fn files(&self) -> Vec<LogFile> {
        let Some(dir) = &self.dir else {
            return Vec::new();
        };
        let combined = self
            .file(dir, "combined.log")
            .max_size(self.max_size)
            .max_files(self.max_files);
        let error = self
            .file(dir, "error.log")
            .least(Level::ERROR)
            .max_size(self.error_max_size)
            .max_files(self.error_max_files);
        let mut files = vec![combined, error];
        if self.audit == Audit::File {
            let audit = self
                .file(dir, "audit.log")
                .max_size(self.max_size)
                .max_files(self.max_files)
                .only_audit();
            files.push(audit);
        }
        files
    }

    fn file(&self, dir: &Path, name: &str) -> LogFile {
        let mut file = LogFile::at(dir.join(name))
            .rotate(self.rotate)
            .zone(&self.rotate_zone)
            .compress(self.compress)
            .mode(self.file_mode)
            .set_by("LOG_DIR");
        file = match self.max_total {
            Some(total) => file.max_total(total),
            None => file,
        };
        match self.max_age {
            Some(age) => file.max_age(age),
            None => file,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let zero = [
            (self.max_size.bytes() == 0, "max_size"),
            (self.max_files == 0, "max_files"),
            (self.error_max_size.bytes() == 0, "error_max_size"),
            (self.error_max_files == 0, "error_max_files"),
        ];
        if let Some((_, setting)) = zero.into_iter().find(|(is_zero, _)| *is_zero) {
            return Err(Error::Zero { setting });
        }
        for file in self.files() {
            file.check()?;
        }
        if self.crash_safe && self.dir.is_none() {
            return Err(Error::NoDirectory);
        }
        if self.queue_size < self.max_line {
            return Err(Error::QueueTooSmall {
                queue: self.queue_size,
                line: self.max_line,
            });
        }
        Ok(())
    }

    /// What the rules of single fields cannot say. The longest line must also hold the names that the builder is
    /// given, which only it can check.
    #[cfg(feature = "envcfg")]
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        self.report_files(checks);
        let (queue, line) = (self.queue_size, self.max_line);
        let least = ByteSize::new(crate::frame::LEAST_LINE as u64);
        if self.crash_safe && self.dir.is_none() {
            checks.add_between(
                &["crash_safe", "dir"],
                "a crash-safe queue is a file in the directory of the logs, and LOG_DIR is not set"
                    .to_owned(),
            );
        }
        if !self.redact_key.as_ref().is_none_or(crate::Redactor::may_hash) {
            checks.add("redact_key", Error::hash_key().to_string());
        }
        if queue < line {
            checks.add_between(
                &["queue_size", "max_line"],
                format!("{queue} is less than the longest line, {line}"),
            );
        }
        if line < least {
            checks.add(
                "max_line",
                format!("{line} is less than {least}, which every line needs"),
            );
        }
    }

    #[cfg(feature = "envcfg")]
    fn report_files(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        let sizes = [
            ("max_size", self.max_size),
            ("error_max_size", self.error_max_size),
        ];
        if let Some(total) = self.max_total {
            for (name, size) in sizes.into_iter().filter(|(_, size)| total < *size) {
                let message = format!("{total} is less than the size of one full file, {size}");
                checks.add_between(&["max_total", name], message);
            }
        }
        if self.max_age.is_some_and(|age| age.is_zero()) {
            checks.add(
                "max_age",
                "must be longer than nothing; leave it out to keep files for ever",
            );
        }
        if !self.compress.is_available() {
            let name = self.compress.name();
            let message = format!(
                "{name} needs the feature {name} of groundcrew-logging, which this build does not have"
            );
            checks.add("compress", message);
        }
        if let Err(error) = LogFile::at("").zone(&self.rotate_zone).check() {
            checks.add("rotate_zone", error.to_string());
        }
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            #[cfg(feature = "alerts")]
            alerts: crate::AlertsConfig::default(),
            #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
            exports: crate::ExportsConfig::default(),
            level: Filter::default(),
            format: Format::Auto,
            color: Color::Auto,
            profile: Profile::Default,
            location: Location::Hidden,
            gcp_project: None,
            dir: None,
            max_size: ByteSize::mib(100),
            max_files: 10,
            error_max_size: ByteSize::mib(50),
            error_max_files: 5,
            rotate: Rotate::Off,
            rotate_zone: UTC.to_owned(),
            max_total: None,
            max_age: None,
            compress: Compress::Off,
            file_mode: FileMode::default(),
            queue_size: ByteSize::mib(8),
            overflow: Overflow::Block,
            crash_safe: false,
            flood: Flood::default(),
            audit: Audit::Combined,
            max_line: ByteSize::kib(64),
            redact: Vec::new(),
            redact_key: None,
            flush_timeout: Duration::from_secs(5),
        }
    }
}
