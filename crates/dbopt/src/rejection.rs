/// Says what is not acceptable in a filter, a sort, a cursor or a page that comes from outside.
///
/// Each text is fit to be shown to whoever sent it: it names what is allowed and never quotes the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No column or parameter of that name is declared.
    #[error("unknown column {name:?}, allowed are {}", allowed.join(", "))]
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// What may be asked for.
        allowed: Vec<&'static str>,
    },
    /// The column cannot be compared that way.
    #[error("column {column} has no operator {operator:?}, allowed are {}", allowed.join(", "))]
    Operator {
        /// The column.
        column: &'static str,
        /// What was asked for.
        operator: String,
        /// What may be asked for.
        allowed: Vec<&'static str>,
    },
    /// The value is not of the column's kind.
    #[error("the value for {column} is not {expected}")]
    Value {
        /// The column or parameter.
        column: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The server cannot read a value as its column's type, such as an unknown name of an enum.
    #[error("a value of the filter does not fit its column")]
    Unreadable,
    /// The column cannot be sorted by.
    #[error("{name:?} cannot be sorted by, allowed are {}", allowed.join(", "))]
    Sort {
        /// What was asked for.
        name: String,
        /// What may be asked for.
        allowed: Vec<&'static str>,
    },
    /// The page is not between 1 and the last that can be counted to.
    #[error("pages are numbered from 1")]
    Page {
        /// What was asked for.
        page: u64,
    },
    /// The limit is zero or too large.
    #[error("the limit must be from 1 to {most}")]
    Limit {
        /// What was asked for.
        limit: u32,
        /// The largest.
        most: u32,
    },
    /// The cursor cannot be used.
    #[error(transparent)]
    Cursor(#[from] CursorError),
}

/// Says why a cursor cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// It is not a cursor, or it has been changed on the way.
    #[error("the cursor is damaged")]
    Damaged,
    /// It belongs to another table, filter or order.
    #[error("the cursor belongs to another query")]
    OtherQuery,
}
