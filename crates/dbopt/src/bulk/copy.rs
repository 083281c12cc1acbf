use std::pin::pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::types::{IsNull, Type};

use super::table::{Table, TableColumn};
use crate::{Error, Session};

/// Sends the rows as one `COPY`. A `COPY` that is not finished inserts nothing.
pub(super) async fn insert<T>(
    session: &Session,
    table: &Table<T>,
    types: &[Type],
    rows: &[T],
) -> Result<(), Error> {
    let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.sql.sql(), table.list);
    let flight = session.flight();
    let sent = send(session, &sql, table, types, rows).await;
    flight.landed();
    if sent.is_err() {
        // The end of an unfinished COPY is still on its way: cleaning waits for it.
        session.soil();
    }
    sent
}

async fn send<T>(
    session: &Session,
    sql: &str,
    table: &Table<T>,
    types: &[Type],
    rows: &[T],
) -> Result<(), Error> {
    let client = session.connection()?;
    let fail = |error| session.fail(error);
    let mut sink = pin!(client.copy_in::<_, Bytes>(sql).await.map_err(fail)?);
    let mut chunk = BytesMut::with_capacity(CHUNK + CHUNK / 8);
    chunk.put_slice(HEADER);
    for (at, row) in rows.iter().enumerate() {
        encode(&table.columns, types, row, at, &mut chunk)?;
        if chunk.len() >= CHUNK {
            let full = chunk.split().freeze();
            sink.send(full).await.map_err(fail)?;
            chunk.reserve(CHUNK + CHUNK / 8);
        }
    }
    chunk.put_i16(-1);
    sink.send(chunk.freeze()).await.map_err(fail)?;
    sink.finish().await.map_err(fail)?;
    Ok(())
}

/// One tuple: the number of fields, then each as a length and its bytes; -1 is null.
/// <https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT>
fn encode<T>(
    columns: &[TableColumn<T>],
    types: &[Type],
    row: &T,
    at: usize,
    out: &mut BytesMut,
) -> Result<(), Error> {
    // A table has at most 1600 columns.
    out.put_i16(i16::try_from(columns.len()).unwrap_or(i16::MAX));
    for (column, ty) in columns.iter().zip(types) {
        let length_at = out.len();
        out.put_i32(-1);
        let start = out.len();
        let encoded = (column.get)(row)
            .encode(ty, out)
            .map_err(|source| Error::Encode {
                row: at,
                column: column.name,
                source,
            })?;
        if let IsNull::No = encoded {
            let length = i32::try_from(out.len() - start).map_err(|error| Error::Encode {
                row: at,
                column: column.name,
                source: super::EncodeError(Box::new(error)),
            })?;
            if let Some(mut place) = out.get_mut(length_at..start) {
                place.put_i32(length);
            }
        }
    }
    Ok(())
}

const CHUNK: usize = 64 * 1024;
/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
