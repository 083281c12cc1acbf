use super::Columns;
use crate::Rejection;

/// An order over declared columns. The key is appended where it is missing, so that no two rows tie.
#[derive(Clone, Debug)]
pub struct Sort {
    columns: Columns,
    keys: Vec<(usize, Direction)>,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third direction")]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

impl Direction {
    pub(crate) const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

impl Sort {
    pub(crate) const fn new(columns: Columns) -> Self {
        Self {
            columns,
            keys: Vec::new(),
        }
    }

    /// Sorts by one more column. A column that is there already keeps its place.
    ///
    /// # Errors
    /// [`Rejection::Sort`] when the column is not declared, or may be null.
    pub fn by(mut self, name: &str, direction: Direction) -> Result<Self, Rejection> {
        let sortable = |column: &&super::Column| !column.nullable;
        let position = self
            .columns
            .all()
            .iter()
            .position(|column| column.name == name && !column.nullable)
            .ok_or_else(|| Rejection::Sort {
                name: name.to_owned(),
                allowed: self
                    .columns
                    .all()
                    .iter()
                    .filter(sortable)
                    .map(|column| column.name)
                    .collect(),
            })?;
        if !self.keys.iter().any(|&(known, _)| known == position) {
            self.keys.push((position, direction));
        }
        Ok(self)
    }

    /// Reads an order as clients write it: `-createdAt,name`, where a minus means descending.
    ///
    /// # Errors
    /// As [`by`](Self::by).
    pub fn parse(self, text: &str) -> Result<Self, Rejection> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .try_fold(self, |sort, part| match part.strip_prefix('-') {
                Some(name) => sort.by(name, Direction::Descending),
                None => sort.by(part, Direction::Ascending),
            })
    }

    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The whole order. The key goes the way of the last column, so that one comparison of rows can do.
    pub(crate) fn complete(&self) -> Vec<(usize, Direction)> {
        let mut keys = self.keys.clone();
        let direction = keys
            .last()
            .map_or(Direction::Ascending, |&(_, direction)| direction);
        for &position in self.columns.key() {
            if !keys.iter().any(|&(known, _)| known == position) {
                keys.push((position, direction));
            }
        }
        keys
    }
}
