//! Measures a crate against its rivals.
//!
//! A bench package is a program that names what is compared and ends with [`Suite::run`]. Instructions are counted by
//! callgrind, which runs the same program again with one kernel; allocations by the counting allocator that this
//! crate installs; wall time in rounds that alternate between both sides. Counts repeat on any machine and decide;
//! wall time is reported as a ratio.
//!
//! ```no_run
//! use std::{hint::black_box, process::ExitCode};
//!
//! use harness::Suite;
//!
//! fn main() -> ExitCode {
//!     let mut suite = Suite::new();
//!     suite
//!         .compare("join", || ["a", "b"].concat(), "format", || format!("{}{}", black_box("a"), "b"))
//!         .instructions_at_least(1.0)
//!         .wall();
//!     suite.run()
//! }
//! ```

mod allocations;
mod arguments;
mod callgrind;
mod comparison;
mod error;
mod latency;
mod row;
mod suite;
mod wall;
mod within;

pub use allocations::Allocations;
pub use arguments::runs_one_kernel;
pub use comparison::Comparison;
pub use error::Error;
pub use latency::tail;
pub use row::{Bar, Kind, Row};
pub use suite::Suite;
