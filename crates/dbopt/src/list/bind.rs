use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value on its way: text, or an array of texts. The SQL casts it to the column's type, except where the
/// column itself is a kind of text, which is sent the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bind {
    One(String),
    Many(Vec<String>),
}

impl ToSql for Bind {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::One(text) => Text(text).to_sql(ty, out),
            Self::Many(texts) => {
                let texts: Vec<Text<'_>> = texts.iter().map(|text| Text(text)).collect();
                texts.to_sql_checked(ty, out)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Text for any type whose binary form is text: `text`, `varchar`, `citext`, enums.
#[derive(Debug)]
struct Text<'a>(&'a str);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
