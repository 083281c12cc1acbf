use std::{error::Error as StdError, fmt};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// One value of one row, lent by the row or computed from it.
pub(crate) enum Cell<'r> {
    Lent(&'r (dyn ToSql + Sync)),
    Computed(Box<dyn ToSql + Send + Sync>),
}

impl Cell<'_> {
    pub(crate) fn encode(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, EncodeError> {
        match self {
            Self::Lent(value) => value.to_sql_checked(ty, out),
            Self::Computed(value) => value.to_sql_checked(ty, out),
        }
        .map_err(EncodeError)
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell")
    }
}

/// As an element of an array parameter. The type was compared with the declaration before.
impl ToSql for Cell<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        Ok(self.encode(ty, out)?)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Why a value cannot be sent as its column's type, as the value's own `ToSql` tells it.
#[derive(Debug)]
pub struct EncodeError(pub(crate) Box<dyn StdError + Sync + Send>);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for EncodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
