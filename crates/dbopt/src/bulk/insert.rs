use std::{
    fmt,
    time::{Duration, Instant},
};

use tokio_postgres::types::Type;

use super::{
    copy,
    table::{Table, is_array},
    unnest,
};
use crate::{Db, Error, Session, label};

/// A bulk insert in the making; [`Db::bulk`] starts one.
#[must_use]
pub struct Bulk<'a, T> {
    db: &'a Db,
    table: &'a Table<T>,
    method: Option<BulkMethod>,
}

impl<'a, T> Bulk<'a, T> {
    pub(crate) const fn new(db: &'a Db, table: &'a Table<T>) -> Self {
        Self {
            db,
            table,
            method: None,
        }
    }

    /// Sets how the rows travel; default: by their number.
    pub const fn method(mut self, method: BulkMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Inserts the rows, all or nothing, in one statement. No rows are a success without a round trip.
    ///
    /// # Errors
    /// As [`Db::run`]. [`Error::Constraint`] and [`Error::Query`] name the row where the server tells it, which
    /// it does for [`BulkMethod::Copy`]; [`Error::Encode`] always does. [`Error::ColumnType`] comes before
    /// anything is sent.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the statement; nothing is inserted, unless it had just finished.
    pub async fn insert(self, rows: &[T]) -> Result<BulkReport, Error> {
        if rows.is_empty() {
            return Ok(BulkReport::empty());
        }
        let started = Instant::now();
        let work = label("bulk_insert", self.table.name);
        let method = self
            .db
            .run(work, async |session: &Session| {
                let types = column_types(session, self.table).await?;
                let method = self.choose(rows.len(), &types);
                match method {
                    BulkMethod::Copy => copy::insert(session, self.table, &types, rows).await?,
                    BulkMethod::Unnest => unnest::insert(session, self.table, &types, rows).await?,
                }
                Ok::<_, Error>(method)
            })
            .await?;
        Ok(BulkReport {
            rows: rows.len(),
            method: Some(method),
            elapsed: started.elapsed(),
        })
    }

    fn choose(&self, rows: usize, types: &[Type]) -> BulkMethod {
        let by_size = if rows < COPY_FROM {
            BulkMethod::Unnest
        } else {
            BulkMethod::Copy
        };
        // UNNEST would flatten arrays of arrays.
        if types.len() > MOST_PARAMETERS || types.iter().any(is_array) {
            BulkMethod::Copy
        } else {
            self.method.unwrap_or(by_size)
        }
    }
}

impl<T> fmt::Debug for Bulk<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("table", &self.table)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// How the rows of a bulk insert travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkMethod {
    /// `COPY ... FROM STDIN BINARY`: the least work for each row.
    Copy,
    /// `INSERT ... SELECT * FROM UNNEST(...)`, one array a column: the fewest round trips. Tables with array
    /// columns use `COPY` all the same.
    Unnest,
}

/// What a bulk insert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkReport {
    /// The rows inserted: all that were given.
    pub rows: usize,
    /// How they travelled; nothing when there were none.
    pub method: Option<BulkMethod>,
    /// How long it took, the wait for a connection included.
    pub elapsed: Duration,
}

impl BulkReport {
    const fn empty() -> Self {
        Self {
            rows: 0,
            method: None,
            elapsed: Duration::ZERO,
        }
    }
}

/// The types that the server gives the columns; a domain shows as what it is made of.
async fn column_types<T>(session: &Session, table: &Table<T>) -> Result<Vec<Type>, Error> {
    let sql = format!("SELECT {} FROM {} LIMIT 0", table.list, table.sql.sql());
    let statement = session.prepare(&sql).await?;
    let types: Vec<Type> = statement
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    for (column, ty) in table.columns.iter().zip(&types) {
        column.check(ty)?;
    }
    Ok(types)
}

/// Below this, COPY's extra round trip costs more than it saves.
const COPY_FROM: usize = 100;
/// The protocol counts parameters in 16 bits.
const MOST_PARAMETERS: usize = 65_535;
