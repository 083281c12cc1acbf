use crate::Error;

/// A table or column name that has been checked and quoted: the only text that enters SQL by pasting.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identifier(String);

impl Identifier {
    /// A name of one part.
    pub(crate) fn simple(name: &str) -> Result<Self, Error> {
        quote(name).map(Self)
    }

    /// A name with or without a schema: `players` or `game.players`.
    pub(crate) fn qualified(name: &str) -> Result<Self, Error> {
        let parts = name.split('.').map(quote).collect::<Result<Vec<_>, _>>()?;
        if parts.len() > 2 {
            return Err(declaration(name, "a name has at most a schema and a table"));
        }
        Ok(Self(parts.join(".")))
    }

    /// The quoted form.
    pub(crate) fn sql(&self) -> &str {
        &self.0
    }
}

pub(crate) fn declaration(name: &str, why: &'static str) -> Error {
    Error::Declaration {
        name: name.to_owned(),
        why,
    }
}

fn quote(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.contains('\0') {
        return Err(declaration(name, "a name is not empty and has no NUL"));
    }
    if name.len() > LONGEST {
        return Err(declaration(name, "PostgreSQL cuts names after 63 bytes"));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// `NAMEDATALEN - 1`: a longer name would silently become another one.
const LONGEST: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_part_by_part() {
        assert_eq!(
            Identifier::qualified("game.Players").unwrap().sql(),
            r#""game"."Players""#
        );
        assert_eq!(Identifier::simple("a.b").unwrap().sql(), r#""a.b""#);
        assert_eq!(
            Identifier::simple(r#"x"; DROP TABLE y; --"#).unwrap().sql(),
            r#""x""; DROP TABLE y; --""#
        );
    }

    #[test]
    fn names_that_would_become_others_are_refused() {
        for name in ["", "a\0b", "a.b.c", ".a", &"x".repeat(64)] {
            assert!(
                matches!(Identifier::qualified(name), Err(Error::Declaration { .. })),
                "{name:?}"
            );
        }
    }
}
