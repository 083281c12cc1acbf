#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod builder;
mod bulk;
mod checkouts;
mod config;
mod connector;
mod db;
mod error;
mod evidence;
mod identifier;
mod inner;
mod janitor;
mod label;
mod list;
#[cfg(feature = "metrics")]
mod metrics;
mod plan;
mod rejection;
mod session;
mod sink;
mod statement;
mod stats;
mod transaction;

pub use builder::DbBuilder;
pub use bulk::{Bulk, BulkMethod, BulkReport, EncodeError, Table, TableBuilder};
pub use config::DbConfig;
pub use db::Db;
pub use deadpool_postgres;
pub use error::{ConstraintKind, Error, Step};
pub use label::{Label, label};
pub use list::{
    Column, Columns, ColumnsBuilder, Cursor, Direction, Filter, KeysetPage, Kind, Listing, OffsetPage,
    Operator, Predicate, Sort, Value,
};
pub use plan::{PoolPlan, ServerLimits, Sizing};
pub use rejection::{CursorError, Rejection};
pub use session::Session;
pub use stats::DbStats;
pub use tokio_postgres;
pub use transaction::Transaction;
