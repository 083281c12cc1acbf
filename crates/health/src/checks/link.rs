use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// The way to a server: open, being made, or not there.
pub(super) struct Link<C, E> {
    open: Option<C>,
    /// Questions in a row on the open connection that were not answered.
    unanswered: u32,
    /// At most one; ended with the link.
    making: JoinSet<Result<C, E>>,
}

/// Why there is no connection.
pub(super) enum NoLink<E> {
    /// It is still being made.
    Late,
    Refused(E),
}

impl<C: Send + 'static, E: Send + 'static> Link<C, E> {
    /// The connection that is open, or one that `connect` makes, for one question. What is not made by the deadline goes on being
    /// made, for the next who asks. One on which [`PATIENCE`] questions had no answer is closed.
    ///
    /// # Cancel safety
    /// Cancel safe: a question that is given up counts as one without an answer.
    pub(super) async fn open<F>(
        &mut self,
        deadline: Instant,
        connect: impl FnOnce() -> F,
    ) -> Result<&mut C, NoLink<E>>
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
    {
        if self.unanswered >= PATIENCE {
            self.close();
        }
        if let Some(Ok(Ok(made))) = self.making.try_join_next() {
            self.open = Some(made);
        }
        let made = match self.open.take() {
            Some(open) => open,
            None => self.make(deadline, connect).await?,
        };
        self.unanswered += 1;
        Ok(self.open.insert(made))
    }

    /// Takes note that whoever is asked has said something.
    pub(super) const fn answered(&mut self) {
        self.unanswered = 0;
    }

    pub(super) fn close(&mut self) {
        self.open = None;
        self.unanswered = 0;
    }

    async fn make<F>(&mut self, deadline: Instant, connect: impl FnOnce() -> F) -> Result<C, NoLink<E>>
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
    {
        if self.making.is_empty() {
            self.making.spawn(connect());
        }
        match timeout_at(deadline, self.making.join_next()).await {
            Ok(Some(Ok(made))) => made.map_err(NoLink::Refused),
            _ => Err(NoLink::Late),
        }
    }
}

impl<C: 'static, E: 'static> Default for Link<C, E> {
    fn default() -> Self {
        Self {
            open: None,
            unanswered: 0,
            making: JoinSet::new(),
        }
    }
}

/// A connection that has not answered this often is given up: the server may be back at another address.
const PATIENCE: u32 = 3;
