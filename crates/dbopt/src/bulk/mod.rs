mod cell;
mod copy;
mod insert;
mod table;
mod unnest;

pub use cell::EncodeError;
pub use insert::{Bulk, BulkMethod, BulkReport};
pub use table::{Table, TableBuilder};
