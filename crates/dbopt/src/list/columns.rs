use std::sync::Arc;

use super::{Filter, Kind, Sort};
use crate::{
    Error, Rejection,
    identifier::{Identifier, declaration},
};

/// The columns of a table that may be shown, filtered and sorted by. Nothing else reaches SQL.
///
/// Cloning is cheap. Declare it once, where the table is at home.
///
/// # Examples
/// ```
/// use groundcrew_dbopt::{Column, Columns, Direction, Error, Operator};
///
/// # fn main() -> Result<(), Error> {
/// let players = Columns::builder("players")
///     .column(Column::int("id"))
///     .column(Column::text("name"))
///     .column(Column::int("rating"))
///     .column(
///         Column::timestamp("created_at")
///             .named("createdAt")
///             .range("createdAfter", "createdBefore"),
///     )
///     .key("id")
///     .build()?;
///
/// let filter = players.filter().when("rating", Operator::Gte, 1500)?;
/// let from_outside = players.filter().parameters([("createdAfter", "2026-01-01"), ("name", "Ann")])?;
/// let sort = players.sort().by("createdAt", Direction::Descending)?;
/// let refused = players.filter().when("password", Operator::Eq, "x").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "unknown column \"password\", allowed are id, name, rating, createdAt"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Columns(Arc<Declared>);

#[derive(Debug)]
struct Declared {
    name: &'static str,
    table: Identifier,
    columns: Vec<Column>,
    key: Vec<usize>,
    select: String,
    most: u32,
}

impl Columns {
    /// Starts to declare a table, with or without its schema.
    pub const fn builder(table: &'static str) -> ColumnsBuilder {
        ColumnsBuilder {
            table,
            columns: Vec::new(),
            key: Vec::new(),
            most: MOST,
        }
    }

    /// Starts a filter that lets everything through.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter::new(self.clone())
    }

    /// Starts an order; the key is its last part in any case.
    #[must_use]
    pub fn sort(&self) -> Sort {
        Sort::new(self.clone())
    }

    pub(crate) fn name(&self) -> &'static str {
        self.0.name
    }

    pub(crate) fn table(&self) -> &Identifier {
        &self.0.table
    }

    pub(crate) fn select(&self) -> &str {
        &self.0.select
    }

    pub(crate) fn most(&self) -> u32 {
        self.0.most
    }

    pub(crate) fn key(&self) -> &[usize] {
        &self.0.key
    }

    pub(crate) fn all(&self) -> &[Column] {
        &self.0.columns
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn find(&self, name: &str) -> Result<&Column, Rejection> {
        self.all()
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| Rejection::UnknownColumn {
                name: name.to_owned(),
                allowed: self.all().iter().map(|column| column.name).collect(),
            })
    }
}

/// One declared column.
#[derive(Clone, Debug)]
#[must_use]
pub struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) after: Option<&'static str>,
    pub(crate) before: Option<&'static str>,
    /// Quoted when the declaration is built.
    pub(crate) sql: String,
    sql_name: &'static str,
}

impl Column {
    /// A column of this kind.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            nullable: false,
            after: None,
            before: None,
            sql: String::new(),
            sql_name: name,
        }
    }

    /// A `boolean`.
    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, Kind::Bool)
    }

    /// A `smallint`, `integer` or `bigint`.
    pub const fn int(name: &'static str) -> Self {
        Self::new(name, Kind::Int)
    }

    /// A `real` or `double precision`.
    pub const fn float(name: &'static str) -> Self {
        Self::new(name, Kind::Float)
    }

    /// A `numeric`.
    pub const fn decimal(name: &'static str) -> Self {
        Self::new(name, Kind::Decimal)
    }

    /// A `text`, `varchar`, `citext` or enum.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A `uuid`.
    pub const fn uuid(name: &'static str) -> Self {
        Self::new(name, Kind::Uuid)
    }

    /// A `timestamptz`.
    pub const fn timestamp(name: &'static str) -> Self {
        Self::new(name, Kind::Timestamp)
    }

    /// The name outside the database, in filters and sorts; default: the column's own.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The column may be null. Pages cannot be sorted by it.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The names of the parameters that ask for a range, such as `createdAfter` and `createdBefore`. The range
    /// takes its start in and leaves its end out, so that adjoining ranges count nothing twice.
    pub const fn range(mut self, after: &'static str, before: &'static str) -> Self {
        self.after = Some(after);
        self.before = Some(before);
        self
    }
}

/// Declares [`Columns`].
#[derive(Debug)]
#[must_use]
pub struct ColumnsBuilder {
    table: &'static str,
    columns: Vec<Column>,
    key: Vec<&'static str>,
    most: u32,
}

impl ColumnsBuilder {
    /// Adds a column.
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Adds a column to the key: the columns that together are unique and not null. Without a key there are
    /// no stable pages.
    pub fn key(mut self, name: &'static str) -> Self {
        self.key.push(name);
        self
    }

    /// The largest limit a caller may ask for; default 1000.
    pub const fn max_limit(mut self, most: u32) -> Self {
        self.most = most;
        self
    }

    /// Checks the names.
    ///
    /// # Errors
    /// [`Error::Declaration`] when a name cannot be one or appears twice, or the key is missing, unknown or
    /// nullable.
    pub fn build(mut self) -> Result<Columns, Error> {
        for column in &mut self.columns {
            Identifier::simple(column.sql_name)?
                .sql()
                .clone_into(&mut column.sql);
        }
        let names = self
            .columns
            .iter()
            .flat_map(|column| [Some(column.name), column.after, column.before])
            .flatten();
        let mut seen = Vec::new();
        for name in names {
            if seen.contains(&name) {
                return Err(declaration(name, "the name appears twice"));
            }
            seen.push(name);
        }
        let select: Vec<&str> = self.columns.iter().map(|column| column.sql.as_str()).collect();
        Ok(Columns(Arc::new(Declared {
            name: self.table,
            table: Identifier::qualified(self.table)?,
            select: select.join(", "),
            key: self.key_positions()?,
            most: self.most.max(1),
            columns: self.columns,
        })))
    }

    fn key_positions(&self) -> Result<Vec<usize>, Error> {
        if self.key.is_empty() {
            return Err(declaration(self.table, "a key is needed for stable pages"));
        }
        self.key
            .iter()
            .map(|name| {
                self.columns
                    .iter()
                    .position(|column| column.name == *name && !column.nullable)
                    .ok_or_else(|| declaration(name, "a key column must be declared and not nullable"))
            })
            .collect()
    }
}

const MOST: u32 = 1000;
