//! PostgreSQL's own tools, driven so that nothing is hidden: exit status, stderr, deadline, credentials.

mod dump;
mod restore;
mod snapshot;
mod tool;

pub use restore::{Ownership, Restored};

pub(crate) use dump::dump;
pub(crate) use restore::Target;
pub(crate) use snapshot::Snapshot;
