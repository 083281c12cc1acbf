use bytes::BytesMut;
use tokio_postgres::types::{ToSql, Type};

use super::{cell::Cell, table::Table};
use crate::{Error, Session, identifier::Identifier};

/// Sends the rows as one `INSERT`, one array a column.
pub(super) async fn insert<T>(
    session: &Session,
    table: &Table<T>,
    types: &[Type],
    rows: &[T],
) -> Result<(), Error> {
    let sql = statement(table, types)?;
    let arrays: Vec<Vec<Cell<'_>>> = table
        .columns
        .iter()
        .map(|column| rows.iter().map(|row| (column.get)(row)).collect())
        .collect();
    let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as _).collect();
    match session.execute(&sql, &params).await {
        Err(error @ Error::Mismatch(_)) => Err(name_the_row(table, types, &arrays).unwrap_or(error)),
        other => other.map(drop),
    }
}

fn statement<T>(table: &Table<T>, types: &[Type]) -> Result<String, Error> {
    let arrays = types
        .iter()
        .enumerate()
        .map(|(at, ty)| {
            let (schema, name) = (Identifier::simple(ty.schema())?, Identifier::simple(ty.name())?);
            Ok(format!("${}::{}.{}[]", at + 1, schema.sql(), name.sql()))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({})",
        table.sql.sql(),
        table.list,
        arrays.join(", ")
    ))
}

/// The driver tells which array cannot be sent, not which of its elements: look for it.
fn name_the_row<T>(table: &Table<T>, types: &[Type], arrays: &[Vec<Cell<'_>>]) -> Option<Error> {
    let mut scratch = BytesMut::new();
    for ((column, ty), array) in table.columns.iter().zip(types).zip(arrays) {
        for (row, cell) in array.iter().enumerate() {
            scratch.clear();
            if let Err(source) = cell.encode(ty, &mut scratch) {
                return Some(Error::Encode {
                    row,
                    column: column.name,
                    source,
                });
            }
        }
    }
    None
}
