use std::{path::PathBuf, time::Duration};

use groundcrew_base::ByteSize;
use serde::{Deserialize, Serialize};

use crate::{Error, Filter};

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
#[non_exhaustive]
pub struct LoggingConfig {
    /// `LOG_LEVEL`: the least grave level that is logged, and directives for single targets; default `info`.
    pub level: Filter,
    /// `LOG_FORMAT`: what goes to the standard output: `auto`, `json`, `console` or `off`; default `auto`.
    pub format: Format,
    /// `LOG_COLOR`: whether the console format is coloured: `auto`, `always` or `never`; default `auto`.
    pub color: Color,
    /// `LOG_DIR`: the directory of `combined.log` and `error.log`; default: no files.
    pub dir: Option<PathBuf>,
    /// `LOG_MAX_SIZE`: the size at which `combined.log` is rotated; default 100 MiB.
    pub max_size: ByteSize,
    /// `LOG_MAX_FILES`: how many files of `combined.log` are kept, the current one too; default 10.
    pub max_files: u32,
    /// `LOG_ERROR_MAX_SIZE`: the size at which `error.log` is rotated; default 50 MiB.
    pub error_max_size: ByteSize,
    /// `LOG_ERROR_MAX_FILES`: how many files of `error.log` are kept, the current one too; default 5.
    pub error_max_files: u32,
    /// `LOG_QUEUE_SIZE`: how many bytes of lines may wait for the writer; default 8 MiB. The memory used is at
    /// most twice that.
    pub queue_size: ByteSize,
    /// `LOG_OVERFLOW`: what happens to a line when the queue is full: `block` or `drop-newest`; default `block`.
    pub overflow: Overflow,
    /// `LOG_MAX_LINE`: the longest line; what is longer is cut and marked `"truncated":true`. Default 64 KiB.
    pub max_line: ByteSize,
    /// `LOG_REDACT`: names of fields that are masked besides the usual ones; `*` stands for any characters.
    pub redact: Vec<String>,
    /// `LOG_FLUSH_TIMEOUT`: how long dropping the handle or a panic waits for the writer; default 5 s.
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

/// What happens to a line when the queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Overflow {
    /// The thread that logs waits. Nothing is lost; a sink that stands still stops the service.
    #[default]
    Block,
    /// The line is dropped and counted. The service never waits for its log.
    DropNewest,
}

impl LoggingConfig {
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
        if self.queue_size < self.max_line {
            return Err(Error::QueueTooSmall {
                queue: self.queue_size,
                line: self.max_line,
            });
        }
        Ok(())
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            level: Filter::default(),
            format: Format::Auto,
            color: Color::Auto,
            dir: None,
            max_size: ByteSize::mib(100),
            max_files: 10,
            error_max_size: ByteSize::mib(50),
            error_max_files: 5,
            queue_size: ByteSize::mib(8),
            overflow: Overflow::Block,
            max_line: ByteSize::kib(64),
            redact: Vec::new(),
            flush_timeout: Duration::from_secs(5),
        }
    }
}
