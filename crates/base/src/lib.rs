#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod backoff;
mod byte_size;
mod check;
mod clock;
mod detail;
mod duration;
mod error_text;
mod evidence;
mod flag;
mod panic;
mod placeholder;
mod randomness;
mod redact;
mod secret;
mod secret_name;
#[cfg(feature = "validator")]
mod secret_rules;
mod shutdown;
mod url_scheme;
mod verdict;

pub use backoff::{Backoff, Delays};
pub use byte_size::{BYTE_UNITS, ByteSize, ByteSizeError};
pub use check::Check;
pub use clock::{Clock, ManualClock};
pub use detail::{Detail, Details};
pub use duration::{DURATION_UNITS, DurationError, format_duration, parse_duration};
pub use error_text::error_text;
pub use evidence::{Evidence, Observation};
pub use flag::{FALSE_WORDS, TRUE_WORDS, parse_flag};
pub use panic::{catch_panic, catch_panic_in};
pub use placeholder::looks_placeholder;
pub use randomness::estimated_bits;
pub use redact::{MASK, redact};
pub use secret::Secret;
pub use secret_name::looks_secret;
pub use shutdown::{ShutdownOutcome, ShutdownReport};
pub use url_scheme::has_scheme;
pub use verdict::{Status, Verdict};
