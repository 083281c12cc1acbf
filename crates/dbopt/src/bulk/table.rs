use std::{any::type_name, fmt};

use tokio_postgres::types::{Kind, ToSql, Type};

use super::cell::Cell;
use crate::{
    Error,
    identifier::{Identifier, declaration},
};

/// How rows of type `T` become rows of a table: the table's name, its columns, and where each value is found.
///
/// # Examples
/// ```
/// use groundcrew_dbopt::{Error, Table};
///
/// struct Action { hand: i64, seat: i16, amount: Option<i64> }
///
/// # fn main() -> Result<(), Error> {
/// let actions = Table::<Action>::builder("hand_actions")
///     .column("hand_id", |action| &action.hand)
///     .column("seat", |action| &action.seat)
///     .column("amount", |action| &action.amount)
///     .computed("is_bet", |action| action.amount.is_some())
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct Table<T> {
    pub(crate) name: &'static str,
    pub(crate) sql: Identifier,
    pub(crate) columns: Vec<TableColumn<T>>,
    /// The quoted columns, separated by commas.
    pub(crate) list: String,
}

impl<T> Table<T> {
    /// Starts to declare a table, with or without its schema: `hand_actions` or `game.hand_actions`.
    pub const fn builder(name: &'static str) -> TableBuilder<T> {
        TableBuilder {
            name,
            columns: Vec::new(),
        }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .field("columns", &self.list)
            .finish_non_exhaustive()
    }
}

type Getter<T> = Box<dyn for<'r> Fn(&'r T) -> Cell<'r> + Send + Sync>;

pub(crate) struct TableColumn<T> {
    pub(crate) name: &'static str,
    pub(crate) get: Getter<T>,
    declared: &'static str,
    accepts: fn(&Type) -> bool,
}

impl<T> TableColumn<T> {
    /// Compares the declaration with the server.
    pub(crate) fn check(&self, actual: &Type) -> Result<(), Error> {
        if (self.accepts)(actual) {
            return Ok(());
        }
        Err(Error::ColumnType {
            column: self.name,
            declared: self.declared,
            actual: actual.to_string(),
        })
    }
}

/// Whether an array of it is flattened by `UNNEST`.
pub(crate) fn is_array(ty: &Type) -> bool {
    matches!(ty.kind(), Kind::Array(_))
}

/// Declares a [`Table`].
#[must_use]
pub struct TableBuilder<T> {
    name: &'static str,
    columns: Vec<TableColumn<T>>,
}

impl<T> TableBuilder<T> {
    /// Adds a column whose value the row holds. `V` must be what the column's type takes, such as `i64` for
    /// `bigint`, or an `Option` of it where the column may be null; the server's type is compared before
    /// anything is sent.
    pub fn column<V, F>(mut self, name: &'static str, value: F) -> Self
    where
        V: ToSql + Sync + 'static,
        F: for<'r> Fn(&'r T) -> &'r V + Send + Sync + 'static,
    {
        self.columns.push(TableColumn {
            name,
            get: Box::new(move |row| Cell::Lent(value(row))),
            declared: type_name::<V>(),
            accepts: V::accepts,
        });
        self
    }

    /// Adds a column whose value is made from the row. Costs an allocation a row.
    pub fn computed<V, F>(mut self, name: &'static str, value: F) -> Self
    where
        V: ToSql + Send + Sync + 'static,
        F: Fn(&T) -> V + Send + Sync + 'static,
    {
        self.columns.push(TableColumn {
            name,
            get: Box::new(move |row| Cell::Computed(Box::new(value(row)))),
            declared: type_name::<V>(),
            accepts: V::accepts,
        });
        self
    }

    /// Checks the names.
    ///
    /// # Errors
    /// [`Error::Declaration`] when there is no column, one appears twice, or a name cannot be one.
    pub fn build(self) -> Result<Table<T>, Error> {
        if self.columns.is_empty() {
            return Err(declaration(self.name, "a table needs a column"));
        }
        let mut quoted: Vec<String> = Vec::new();
        for column in &self.columns {
            let sql = Identifier::simple(column.name)?.sql().to_owned();
            if quoted.contains(&sql) {
                return Err(declaration(column.name, "the column appears twice"));
            }
            quoted.push(sql);
        }
        Ok(Table {
            name: self.name,
            sql: Identifier::qualified(self.name)?,
            columns: self.columns,
            list: quoted.join(", "),
        })
    }
}

impl<T> fmt::Debug for TableBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_a_declaration_are_named() {
        let none = Table::<i64>::builder("t").build();
        let twice = Table::<i64>::builder("t")
            .column("a", |row| row)
            .column("a", |row| row)
            .build();

        assert_eq!(
            none.unwrap_err().to_string(),
            "declaration of \"t\": a table needs a column"
        );
        assert_eq!(
            twice.unwrap_err().to_string(),
            "declaration of \"a\": the column appears twice"
        );
    }

    #[test]
    fn a_wrong_type_names_column_and_both_types() {
        let table = Table::<i64>::builder("t").column("a", |row| row).build().unwrap();

        let error = table.columns[0].check(&Type::TEXT).unwrap_err();

        assert_eq!(
            error.to_string(),
            "column a is text on the server, which i64 does not fit"
        );
        assert!(table.columns[0].check(&Type::INT8).is_ok());
    }
}
