use std::{pin::Pin, sync::Arc};

use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::checks::{
    inquiry::Limits,
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
    /// Tells of the end of the connection; dropped with it.
    _watcher: JoinSet<()>,
}

/// The answer to a question on a connection.
pub(super) type AnswerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, RedisError>> + Send + 'a>>;

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
        question: fn(&RedisConnection, Instant) -> AnswerFuture<'_, T>,
    ) -> Result<T, RedisError> {
        let mut is_last = false;
        loop {
            let connect = || connect(self.url.clone(), limits, Arc::clone(&self.lost));
            let connected = match self.link.open(limits.deadline, connect).await {
                Ok(connected) => connected,
                Err(NoLink::Late) => {
                    let late = RedisError::Timeout {
                        deadline: limits.timeout,
                    };
                    return Err(self.url.still_reading().map_or(late, RedisError::Tls));
                }
                Err(NoLink::Refused(error)) => return Err(error),
            };
            let error = match question(&connected.connection, limits.deadline).await {
                Ok(answer) => {
                    self.link.answered();
                    return Ok(answer);
                }
                Err(error @ RedisError::Timeout { .. }) => return Err(error),
                Err(error @ RedisError::Loading(_)) => {
                    self.link.answered();
                    return Err(error);
                }
                Err(error) => error,
            };
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
        _watcher: watcher,
    })
}
