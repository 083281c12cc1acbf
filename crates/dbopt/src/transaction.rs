use std::ops::Deref;

use crate::{Error, Session};

/// A session inside an open transaction; [`Db::transaction`](crate::Db::transaction) commits or rolls back.
#[derive(Debug)]
pub struct Transaction<'s>(&'s Session);

impl<'s> Transaction<'s> {
    pub(crate) async fn begin(session: &'s Session) -> Result<Self, Error> {
        session.command("BEGIN").await?;
        session.set_in_transaction(true);
        Ok(Self(session))
    }

    /// Commits. `COMMIT` after an error that the closure swallowed would roll back and report success: such a
    /// transaction is probed first, so that the error comes out.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        if self.0.has_failed()
            && let Err(error) = self.0.command("SELECT").await
        {
            self.roll_back().await;
            return Err(error);
        }
        let committed = self.0.command("COMMIT").await;
        self.0.set_in_transaction(false);
        committed
    }

    pub(crate) async fn roll_back(self) {
        if self.0.command("ROLLBACK").await.is_err() {
            self.0.abandon();
        }
        self.0.set_in_transaction(false);
    }
}

impl Deref for Transaction<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.0
    }
}
