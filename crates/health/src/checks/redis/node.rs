use std::{pin::Pin, sync::Arc};

use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::checks::{
    asking::{Limits, PATIENCE},
    link::{Link, NoLink},
};

/// One server, and the connection to it.
pub(super) struct Node {
    url: RedisUrl,
    link: Link<Connected, RedisError>,
    /// Told of the end of the connection.
    lost: Arc<Notify>,
}

struct Connected {
    connection: RedisConnection,
    /// Questions in a row that were not answered in time.
    unanswered: u32,
    /// Tells of the end of the connection; dropped with it.
    _watcher: JoinSet<()>,
}

/// The answer to a question on a connection.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, RedisError>> + Send + 'a>>;

impl Node {
    pub(super) fn new(url: RedisUrl, lost: Arc<Notify>) -> Self {
        Self {
            url,
            link: Link::default(),
            lost,
        }
    }

    /// Asks, on a connection that is made if there is none.
    pub(super) async fn ask<T>(
        &mut self,
        limits: Limits,
        question: fn(&RedisConnection, Instant) -> Answer<'_, T>,
    ) -> Result<T, RedisError> {
        let mut is_last = false;
        loop {
            let connect = || connect(self.url.clone(), limits, Arc::clone(&self.lost));
            let connected = match self.link.open(limits.deadline, connect).await {
                Ok(connected) => connected,
                Err(NoLink::Late) => {
                    return Err(RedisError::Timeout {
                        deadline: limits.timeout,
                    });
                }
                Err(NoLink::Refused(error)) => return Err(error),
            };
            let answer = question(&connected.connection, limits.deadline).await;
            connected.note(&answer);
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if connected.is_kept(&error) {
                return Err(error);
            }
            // The connection does not try to come back by itself.
            self.link.close();
            // Where one was lost, the server may be back already.
            if is_last || !matches!(error, RedisError::Unreachable(_)) {
                return Err(error);
            }
            is_last = true;
        }
    }
}

async fn connect(url: RedisUrl, limits: Limits, lost: Arc<Notify>) -> Result<Connected, RedisError> {
    let connection = url.connect(limits.connect_timeout).await?;
    let (end, mut watcher) = (connection.lost(), JoinSet::new());
    watcher.spawn(async move {
        end.await;
        lost.notify_one();
    });
    Ok(Connected {
        connection,
        unanswered: 0,
        _watcher: watcher,
    })
}

impl Connected {
    fn note<T>(&mut self, answer: &Result<T, RedisError>) {
        match answer {
            Ok(_) => self.unanswered = 0,
            Err(RedisError::Timeout { .. }) => self.unanswered += 1,
            Err(_) => {}
        }
    }

    /// Whether the connection may still be good.
    const fn is_kept(&self, error: &RedisError) -> bool {
        match error {
            RedisError::Timeout { .. } => self.unanswered < PATIENCE,
            RedisError::Loading(_) => true,
            _ => false,
        }
    }
}
