//! What the card room remembers: players, tables and every action of every hand.

mod memory;
mod model;
mod postgres;

use async_trait::async_trait;
use groundcrew::dbopt::{self, Rejection};

pub(crate) use memory::MemoryLedger;
pub(crate) use model::{Action, CardTable, NewAction, NewPlayer, NewTable, Page, Player, PlayerStats, Query};
pub(crate) use postgres::PostgresLedger;

/// Keeps the books. PostgreSQL does it for good, memory where there is no PostgreSQL.
#[async_trait]
pub(crate) trait Ledger: Send + Sync + 'static {
    /// Adds a player whose name is not taken.
    async fn add_player(&self, player: NewPlayer) -> Result<Player, LedgerError>;

    /// Lists players by what the query asks for.
    async fn players(&self, query: Query) -> Result<Page<Player>, LedgerError>;

    /// Opens a table.
    async fn add_table(&self, table: NewTable) -> Result<CardTable, LedgerError>;

    /// Records actions at a table, all or none, and says how many.
    async fn record(&self, table: i64, actions: Vec<NewAction>) -> Result<u64, LedgerError>;

    /// Lists the actions at a table in the order they happened.
    async fn actions(&self, table: i64, query: Query) -> Result<Page<Action>, LedgerError>;

    /// Sums up what a player has done.
    async fn stats(&self, player: i64) -> Result<PlayerStats, LedgerError>;
}

/// Says why the books could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The filter, sort, cursor or limit is not acceptable.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Something with that name exists, or something named does not.
    #[error("{0}")]
    Conflict(String),
    /// There is no such thing.
    #[error("no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(dbopt::Error),
}

impl From<dbopt::Error> for LedgerError {
    fn from(error: dbopt::Error) -> Self {
        match error {
            dbopt::Error::Rejected(rejection) => Self::Rejected(rejection),
            dbopt::Error::Constraint { constraint, row, .. } => {
                let rule = constraint.unwrap_or_else(|| "a rule of the schema".to_owned());
                let at = row.map(|row| format!(" at position {row}")).unwrap_or_default();
                Self::Conflict(format!("{rule} is violated{at}"))
            }
            error => Self::Database(error),
        }
    }
}
