/// Names a piece of work for metrics, logs and errors: what is done, to which table.
///
/// Both parts are constants, so that the number of time series is bounded by the source code.
///
/// # Examples
/// ```
/// use groundcrew_dbopt::{Label, label};
///
/// const BY_RATING: Label = label("select", "players");
/// assert_eq!((BY_RATING.operation(), BY_RATING.table()), ("select", "players"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    operation: &'static str,
    table: &'static str,
}

impl Label {
    /// What is done, such as `select`, `insert` or `close_table`.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// The table that matters most in it.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        self.table
    }
}

/// Makes a [`Label`].
#[must_use]
pub const fn label(operation: &'static str, table: &'static str) -> Label {
    Label { operation, table }
}
