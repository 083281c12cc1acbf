use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use deadpool_postgres::{ClientWrapper, Object};
use tokio::time::timeout;

use crate::inner::Inner;

/// What a connection needs before it may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Nothing.
    None,
    /// Its session may hold settings, locks or an open transaction.
    Clean,
    /// Work on it was abandoned: the server must be told, and the connection is not reused, because a
    /// cancel request that arrives late would hit whatever runs next.
    Cancel,
}

/// A connection that was checked out. It counts as in use until this is dropped.
pub(crate) struct Checkout {
    object: Option<Object>,
    inner: Arc<Inner>,
    id: u64,
}

impl Checkout {
    pub(crate) fn new(object: Object, inner: Arc<Inner>) -> Self {
        let id = inner.checkouts.add();
        Self {
            object: Some(object),
            inner,
            id,
        }
    }

    pub(crate) const fn client(&self) -> Option<&Object> {
        self.object.as_ref()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Gives the connection back, after the care it needs.
    pub(crate) fn give_back(mut self, care: Care) {
        match care {
            Care::None => self.reuse(),
            Care::Clean | Care::Cancel => {
                let inner = Arc::clone(&self.inner);
                inner.tasks.spawn_on(self.tend(care), &inner.runtime);
            }
        }
    }

    async fn tend(mut self, care: Care) {
        let limit = self.inner.config.cancel_timeout;
        if let Some(client) = &self.object {
            if care == Care::Clean && cleaned(client, limit).await {
                self.inner.counters.cleaned.fetch_add(1, Relaxed);
                return self.reuse();
            }
            cancel(client, &self.inner, limit).await;
        }
    }

    fn reuse(&mut self) {
        if let Some(object) = self.object.take() {
            if object.statement_cache.size() > usize::from(self.inner.config.statement_cache) {
                object.statement_cache.clear();
            }
            drop(object);
        }
    }
}

impl Drop for Checkout {
    /// What was not given back is not reused. A task that dies with its runtime ends here too.
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            self.inner.counters.discarded.fetch_add(1, Relaxed);
            drop(Object::take(object));
        }
        self.inner.checkouts.remove(self.id);
    }
}

async fn cleaned(client: &ClientWrapper, limit: Duration) -> bool {
    let clean = async {
        match client.simple_query(END_TRANSACTION_AND_RESET).await {
            Ok(_) => true,
            // Inside a failed transaction BEGIN is an error too.
            Err(error) if error.code().is_some() => client.simple_query(ROLL_BACK_AND_RESET).await.is_ok(),
            Err(_) => false,
        }
    };
    timeout(limit, clean).await.unwrap_or(false)
}

async fn cancel(client: &ClientWrapper, inner: &Inner, limit: Duration) {
    let token = client.cancel_token();
    let sent = timeout(limit, token.cancel_query(inner.tls.clone())).await;
    if matches!(sent, Ok(Ok(()))) {
        inner.counters.cancelled.fetch_add(1, Relaxed);
    } else {
        tracing::warn!(
            target: "groundcrew::dbopt",
            "an abandoned query could not be cancelled; its connection is closed"
        );
    }
}

/// `BEGIN` makes the `ROLLBACK` valid where no transaction is open, without a warning in the server's log.
const END_TRANSACTION_AND_RESET: &str = "BEGIN; ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; \
     RESET ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

const ROLL_BACK_AND_RESET: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; \
     UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";
