use tokio_postgres::{Row, types::ToSql};

use super::{
    Columns, Cursor, Filter, Sort,
    bind::Bind,
    cursor::{Position, Side, fnv1a},
    keyset::{after, binds, order_by},
    sort::Direction,
};
use crate::{CursorError, Db, Error, Label, Rejection, identifier::declaration, label};

/// A listing in the making; [`Db::list`] starts one.
///
/// # Examples
/// ```no_run
/// use groundcrew_dbopt::{Columns, Db, Error, KeysetPage};
///
/// # async fn example(db: Db, players: Columns, cursor: Option<String>) -> Result<(), Error> {
/// let page: KeysetPage = db
///     .list(&players)
///     .filter(players.filter().parameters([("rating[gte]", "1500")])?)
///     .sort(players.sort().parse("-createdAt")?)
///     .limit(50)
///     .after(cursor)
///     .keyset()
///     .await?;
/// let next = page.next.map(|cursor| cursor.to_string());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Listing {
    db: Db,
    columns: Columns,
    filter: Filter,
    sort: Sort,
    limit: u32,
    cursor: Option<String>,
}

/// A page that was reached by a cursor. Its rows hold the declared columns, in their order, first.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeysetPage {
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
    /// Where the page before ends, if there is one.
    pub previous: Option<Cursor>,
}

/// A page that was reached by its number. Its rows hold the declared columns, in their order.
#[derive(Debug)]
#[non_exhaustive]
pub struct OffsetPage {
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// The number of the page, from 1.
    pub page: u64,
    /// How many rows a full page has.
    pub limit: u32,
    /// Whether another page follows.
    pub has_next: bool,
}

impl Listing {
    pub(crate) fn new(db: Db, columns: Columns) -> Self {
        Self {
            db,
            filter: columns.filter(),
            sort: columns.sort(),
            limit: DEFAULT_LIMIT.min(columns.most()),
            cursor: None,
            columns,
        }
    }

    /// Which rows; default all.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// The order; default by the key.
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    /// How many rows a page has; default 50, at most what the declaration allows.
    pub const fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Continues where a cursor points; `None` starts at the beginning.
    pub fn after(mut self, cursor: Option<impl Into<String>>) -> Self {
        self.cursor = cursor.map(Into::into);
        self
    }

    /// The page at the cursor. Costs the same at any depth when an index fits the order; rows that come and
    /// go meanwhile make no other row appear twice or not at all.
    ///
    /// # Errors
    /// [`Error::Rejected`] for a cursor or limit that is not acceptable; otherwise as [`Db::run`].
    ///
    /// # Cancel safety
    /// As [`Db::query`].
    pub async fn keyset(self) -> Result<KeysetPage, Error> {
        self.check()?;
        let order = self.sort.complete();
        let position = self
            .cursor
            .as_deref()
            .map(|cursor| {
                Position::decode(cursor, self.fingerprint(&order), order.len()).map_err(Rejection::from)
            })
            .transpose()?;
        let backwards = position
            .as_ref()
            .is_some_and(|position| position.side == Side::Before);
        let started_inside = position.is_some();
        let (sql, params) = self.keyset_sql(&order, position, backwards);
        let mut rows = self.query(&sql, &params).await?;
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        if backwards {
            rows.reverse();
        }
        let (has_previous, has_next) = if backwards {
            (more, true)
        } else {
            (started_inside, more)
        };
        let cursor = |row: Option<&Row>, side| self.cursor_at(&order, row, side).transpose();
        let next = rows.last().filter(|_| has_next);
        let previous = rows.first().filter(|_| has_previous);
        Ok(KeysetPage {
            next: cursor(next, Side::After).transpose()?,
            previous: cursor(previous, Side::Before).transpose()?,
            rows,
        })
    }

    /// The page of that number, from 1. Simple for people, but the deeper the slower, and rows that come and
    /// go shift the pages: prefer [`keyset`](Self::keyset).
    ///
    /// # Errors
    /// [`Error::Rejected`] for page 0 or a limit that is not acceptable; otherwise as [`Db::run`].
    ///
    /// # Cancel safety
    /// As [`Db::query`].
    pub async fn page(self, page: u64) -> Result<OffsetPage, Error> {
        self.check()?;
        let offset = page
            .checked_sub(1)
            .and_then(|before| before.checked_mul(u64::from(self.limit)))
            .filter(|&offset| i64::try_from(offset).is_ok())
            .ok_or(Rejection::Page { page })?;
        let (predicate, params) = self.filter.to_sql(1).into_parts();
        let sql = format!(
            "SELECT {} FROM {} WHERE {predicate} ORDER BY {} LIMIT {} OFFSET {offset}",
            self.columns.select(),
            self.columns.table().sql(),
            order_by(&self.columns, &self.sort.complete()),
            u64::from(self.limit) + 1,
        );
        let mut rows = self.query(&sql, &params).await?;
        let has_next = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        Ok(OffsetPage {
            rows,
            page,
            limit: self.limit,
            has_next,
        })
    }

    /// How many rows pass the filter. Reads all of them: not for every page of a large table.
    ///
    /// # Errors
    /// As [`Db::run`].
    ///
    /// # Cancel safety
    /// As [`Db::query`].
    pub async fn count(self) -> Result<u64, Error> {
        self.check()?;
        let (predicate, params) = self.filter.to_sql(1).into_parts();
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {predicate}",
            self.columns.table().sql()
        );
        let rows = self.query(&sql, &params).await?;
        let count: i64 = rows.first().ok_or(Error::NoRow)?.try_get(0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn check(&self) -> Result<(), Error> {
        if !self.filter.columns().is(&self.columns) || !self.sort.columns().is(&self.columns) {
            return Err(declaration(
                self.columns.name(),
                "the filter or the order was made from another declaration",
            ));
        }
        let most = self.columns.most();
        if self.limit == 0 || self.limit > most {
            return Err(Rejection::Limit {
                limit: self.limit,
                most,
            }
            .into());
        }
        Ok(())
    }

    /// The cursor's values are read as text, which PostgreSQL writes exactly for each kind.
    fn keyset_sql(
        &self,
        order: &[(usize, Direction)],
        position: Option<Position>,
        backwards: bool,
    ) -> (String, Vec<Bind>) {
        let (mut predicate, mut params) = self.filter.to_sql(1).into_parts();
        let direction = |direction: Direction| {
            if backwards {
                direction.reversed()
            } else {
                direction
            }
        };
        let order: Vec<_> = order.iter().map(|&(at, way)| (at, direction(way))).collect();
        if let Some(position) = position {
            let beyond = after(&self.columns, &order, params.len() + 1);
            predicate = format!("{predicate} AND {beyond}");
            params.extend(binds(position.values));
        }
        let keys: String = order
            .iter()
            .filter_map(|&(at, _)| self.columns.all().get(at))
            .enumerate()
            .map(|(at, column)| format!(", {}::text AS \"~{at}\"", column.sql))
            .collect();
        let sql = format!(
            "SELECT {}{keys} FROM {} WHERE {predicate} ORDER BY {} LIMIT {}",
            self.columns.select(),
            self.columns.table().sql(),
            order_by(&self.columns, &order),
            u64::from(self.limit) + 1,
        );
        (sql, params)
    }

    fn cursor_at(
        &self,
        order: &[(usize, Direction)],
        row: Option<&Row>,
        side: Side,
    ) -> Result<Option<Cursor>, Error> {
        let Some(row) = row else { return Ok(None) };
        let first = self.columns.all().len();
        let values = (first..first + order.len())
            .map(|at| row.try_get(at))
            .collect::<Result<Vec<String>, _>>()?;
        Ok(Some(Position { side, values }.encode(self.fingerprint(order))))
    }

    /// What a cursor belongs to: table, filter with its values, and order; not the limit.
    fn fingerprint(&self, order: &[(usize, Direction)]) -> u64 {
        let (predicate, params) = self.filter.to_sql(1).into_parts();
        let order = order_by(&self.columns, order);
        fnv1a(format!("{}\0{predicate}\0{params:?}\0{order}", self.columns.table().sql()).as_bytes())
    }

    async fn query(&self, sql: &str, params: &[Bind]) -> Result<Vec<Row>, Error> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|bind| bind as _).collect();
        let rows = self.db.query(self.label(), sql, &params).await;
        rows.map_err(|error| match error.sqlstate() {
            Some(code) if code.code().starts_with(DATA_EXCEPTION) && !params.is_empty() => {
                self.unreadable().into()
            }
            _ => error,
        })
    }

    /// What is to blame for a value that the server cannot read. A cursor stands for a page that was listed
    /// with the same filter.
    const fn unreadable(&self) -> Rejection {
        match self.cursor {
            Some(_) => Rejection::Cursor(CursorError::Damaged),
            None => Rejection::Unreadable,
        }
    }

    fn label(&self) -> Label {
        label("list", self.columns.name())
    }
}

const DEFAULT_LIMIT: u32 = 50;
/// The class of SQLSTATEs that blame a value.
const DATA_EXCEPTION: &str = "22";
