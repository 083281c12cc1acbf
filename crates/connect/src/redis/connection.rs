use std::{fmt, future::poll_fn, pin::pin, task::Poll, time::Duration};

use fred::{
    clients::Client,
    error::{Error, ErrorKind},
    interfaces::ClientLike,
    types::{ConnectHandle, config::Options},
};
use tokio::time::timeout;

use super::RedisUrl;
use crate::tls::TlsError;

/// One connection for questions about the server: it does not come back by itself, and ends with its value.
#[doc(hidden)]
pub struct RedisConnection {
    client: Client,
    _link: Abort,
}

/// Says why Redis does not answer, by what the caller can do about it.
#[doc(hidden)]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    #[error("no answer within {deadline:?}")]
    Timeout { deadline: Duration },
    #[error("the server cannot be reached")]
    Unreachable(#[source] Error),
    #[error("the server refuses the login")]
    Refused(#[source] Error),
    #[error("the server is reading its data")]
    Loading(#[source] Error),
    #[error("setting up TLS")]
    Tls(#[from] TlsError),
    #[error("asking Redis")]
    Other(#[source] Error),
}

impl RedisUrl {
    /// Opens one connection, to any node of a cluster.
    ///
    /// # Errors
    /// See [`RedisError`].
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    #[doc(hidden)]
    pub async fn connect(&self, deadline: Duration) -> Result<RedisConnection, RedisError> {
        let mut builder = self.builder()?;
        builder.with_connection_config(|config| {
            // Ours comes first: the driver's may look like a lost connection.
            config.connection_timeout = deadline.saturating_add(MARGIN);
            config.internal_command_timeout = deadline.saturating_add(MARGIN);
            config.max_command_attempts = 1;
        });
        let client = builder.build().map_err(|error| classify(error, deadline))?;
        let link = open(&client, deadline).await?;
        Ok(RedisConnection { client, _link: link })
    }
}

impl RedisConnection {
    /// Sends `PING` and waits for the answer.
    ///
    /// # Errors
    /// See [`RedisError`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection usable.
    pub async fn ping(&self, deadline: Duration) -> Result<(), RedisError> {
        let options = Options {
            timeout: Some(deadline),
            max_attempts: Some(1),
            fail_fast: true,
            ..Options::default()
        };
        let ping = self.client.with_options(&options);
        // fred's own timeout frees its place in the queue; the outer one holds whatever happens.
        timeout(deadline.saturating_add(GRACE), ping.ping::<String>(None))
            .await
            .map_err(|_| RedisError::Timeout { deadline })?
            .map(drop)
            .map_err(|error| classify(error, deadline))
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisConnection")
    }
}

async fn open(client: &Client, deadline: Duration) -> Result<Abort, RedisError> {
    let mut connected = pin!(client.wait_for_connect());
    // Subscribes before there is anything to miss.
    let early = poll_fn(|cx| Poll::Ready(connected.as_mut().poll(cx))).await;
    let link = Abort(client.connect());
    let opened = match early {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => timeout(deadline, connected).await,
    };
    opened
        .map_err(|_| RedisError::Timeout { deadline })?
        .map_err(|error| classify(error, deadline))?;
    Ok(link)
}

/// The driver's task, which holds the socket and would outlive its client.
struct Abort(ConnectHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn classify(error: Error, deadline: Duration) -> RedisError {
    if error.details().starts_with("LOADING") {
        return RedisError::Loading(error);
    }
    match error.kind() {
        ErrorKind::Auth => RedisError::Refused(error),
        ErrorKind::Timeout => RedisError::Timeout { deadline },
        ErrorKind::IO | ErrorKind::Canceled => RedisError::Unreachable(error),
        _ => RedisError::Other(error),
    }
}

const GRACE: Duration = Duration::from_millis(50);

const MARGIN: Duration = Duration::from_secs(1);
