use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// The way to a server: open, being made, or not there.
pub(super) struct Link<C, E> {
    open: Option<C>,
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
    /// The connection that is open, or one that `connect` makes. What is not made by the deadline goes on being made, for the
    /// next who asks.
    pub(super) async fn open<F>(
        &mut self,
        deadline: Instant,
        connect: impl FnOnce() -> F,
    ) -> Result<&mut C, NoLink<E>>
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
    {
        if let Some(Ok(Ok(made))) = self.making.try_join_next() {
            self.open = Some(made);
        }
        let made = match self.open.take() {
            Some(open) => open,
            None => self.make(deadline, connect).await?,
        };
        Ok(self.open.insert(made))
    }

    pub(super) fn close(&mut self) {
        self.open = None;
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
            making: JoinSet::new(),
        }
    }
}
