mod bind;
mod columns;
mod cursor;
mod filter;
mod keyset;
mod kind;
mod listing;
mod sort;
mod value;

pub use columns::{Column, Columns, ColumnsBuilder};
pub use cursor::Cursor;
pub use filter::{Filter, Operator, Predicate};
pub use kind::Kind;
pub use listing::{KeysetPage, Listing, OffsetPage};
pub use sort::{Direction, Sort};
pub use value::Value;
