//! Log files: what they are called, when a new one starts, what becomes of the old ones.

mod archiver;
mod archives;
mod compress;
mod counters;
mod disk;
#[cfg(feature = "sighup")]
mod hangup;
mod lock;
mod log_file;
mod mode;
mod names;
mod neighbours;
mod open_file;
mod rotate;
mod rotating;
mod torn;
mod whole_lines;

pub(crate) use self::{archiver::Archiver, counters::FileCounters, rotate::UTC, rotating::RotatingFile};
pub use self::{
    compress::Compress,
    log_file::LogFile,
    mode::{FileMode, FileModeError},
    rotate::Rotate,
};
