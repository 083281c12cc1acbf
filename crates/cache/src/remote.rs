use std::{future::ready, sync::Arc, time::Duration};

use bytes::Bytes;
use groundcrew_base::{Observation, Verdict};
use tokio::time;

use crate::{
    BreakerState, RemoteError, RemoteStats,
    breaker::{Breaker, Permit},
    redis::Redis,
    stats::{Counter, LastTime},
};

/// The level that processes share: Redis behind a deadline and a breaker, counted.
#[derive(Debug)]
pub(crate) struct Remote {
    redis: Redis,
    deadline: Duration,
    breaker: Breaker,
    errors: Counter,
    skipped: Counter,
    last_success: LastTime,
    last_failure: LastTime,
}

impl Remote {
    pub(crate) fn new(redis: Redis, deadline: Duration, open_for: Duration) -> Self {
        Self {
            redis,
            deadline,
            breaker: Breaker::new(open_for),
            errors: Counter::default(),
            skipped: Counter::default(),
            last_success: LastTime::never(),
            last_failure: LastTime::never(),
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Bytes>, RemoteError> {
        self.ask(Box::pin(self.redis.get(key))).await
    }

    pub(crate) async fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), RemoteError> {
        self.ask(Box::pin(self.redis.set(key, value, ttl))).await
    }

    pub(crate) async fn unlink(&self, key: &str) -> Result<(), RemoteError> {
        self.ask(Box::pin(self.redis.unlink(vec![key.to_owned()])))
            .await
            .map(drop)
    }

    /// Removes every key that starts with `prefix`, page by page, on every master, and counts them.
    ///
    /// A key that is there from the beginning to the end is removed; this is what SCAN promises.
    pub(crate) async fn unlink_prefix(&self, prefix: &str) -> Result<u64, RemoteError> {
        let mut removed = 0;
        for master in self.ask(ready(self.redis.masters())).await? {
            let mut cursor = None;
            loop {
                let scan = self.redis.scan(&master, cursor.as_deref(), prefix);
                let page = self.ask(Box::pin(scan)).await?;
                for keys in page.keys.chunks(UNLINK_AT_ONCE) {
                    removed += self.ask(Box::pin(self.redis.unlink(keys.to_vec()))).await?;
                }
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
        }
        Ok(removed)
    }

    pub(crate) fn stats(&self) -> RemoteStats {
        RemoteStats {
            errors: self.errors.get(),
            skipped: self.skipped.get(),
            breaker: self.breaker.state(),
            connected: self.redis.is_connected(),
        }
    }

    pub(crate) fn observe(&self) -> Observation {
        let verdict = match self.breaker.state() {
            BreakerState::Closed => Verdict::healthy(),
            BreakerState::Open | BreakerState::HalfOpen => {
                Verdict::degraded("redis does not answer: the cache works in this process alone")
            }
        };
        let mut seen = Observation::new(verdict.detail("breaker", self.breaker.state().as_str()));
        if let Some(at) = self.last_success.get() {
            seen = seen.succeeded_at(at);
        }
        if let Some(at) = self.last_failure.get() {
            seen = seen.failed_at(at);
        }
        seen
    }

    /// Asks a Redis that did not answer once a period whether it does again, so that it is used again, and
    /// said to be well again, without a request that pays for the question.
    pub(crate) async fn revive(self: Arc<Self>) {
        loop {
            self.breaker.period().await;
            if let Some(permit) = self.breaker.admit() {
                drop(self.run(permit, Box::pin(self.redis.ping())).await);
            }
        }
    }

    async fn ask<T>(&self, command: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
        let Some(permit) = self.breaker.admit() else {
            self.skipped.add_one();
            return Err(RemoteError::BreakerOpen);
        };
        self.run(permit, command).await
    }

    async fn run<T>(
        &self,
        permit: Permit<'_>,
        command: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        let after = self.deadline;
        let answer = time::timeout(after, command)
            .await
            .unwrap_or(Err(RemoteError::TimedOut { after }));
        match &answer {
            Ok(_) => self.last_success.now(),
            Err(_) => self.errors.add_one(),
        }
        match &answer {
            Err(error) if error.is_outage() => {
                self.last_failure.now();
                if permit.failed() {
                    tell_firing(error);
                }
            }
            _ => {
                if permit.succeeded() {
                    tell_resolved();
                }
            }
        }
        answer
    }
}

fn tell_firing(error: &RemoteError) {
    tracing::warn!(
        target: "groundcrew::cache",
        severity = "warning",
        alert.key = ALERT,
        alert.state = "firing",
        error = %error,
        "redis does not answer: the cache works in this process alone"
    );
}

fn tell_resolved() {
    tracing::info!(
        target: "groundcrew::cache",
        severity = "warning",
        alert.key = ALERT,
        alert.state = "resolved",
        "redis answers again"
    );
}

const ALERT: &str = "cache.redis";
const UNLINK_AT_ONCE: usize = 500;
