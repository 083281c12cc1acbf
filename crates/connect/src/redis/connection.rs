use std::{fmt, future::poll_fn, pin::pin, task::Poll, time::Duration};

use fred::{
    clients::Client,
    error::{Error, ErrorKind},
    interfaces::{ClientLike, ClusterInterface},
    types::{
        ConnectHandle, Value,
        cluster::ClusterRouting,
        config::{Options, Server},
    },
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::RedisUrl;
use crate::tls::TlsError;

/// One connection for questions about the server: it does not come back by itself, and ends with its value.
#[doc(hidden)]
pub struct RedisConnection {
    client: Client,
    lost: watch::Receiver<bool>,
    /// Waits for the end of the link; ends it when it is dropped.
    _watcher: JoinSet<()>,
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
    #[error("the server has no connection left")]
    TooManyConnections(#[source] Error),
    #[error("the server refuses the command")]
    Forbidden(#[source] Error),
    #[error("setting up TLS")]
    Tls(#[from] TlsError),
    #[error("asking Redis")]
    Other(#[source] Error),
}

impl RedisUrl {
    /// Opens one connection, to a whole cluster if it is one.
    ///
    /// # Errors
    /// See [`RedisError`].
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    #[doc(hidden)]
    pub async fn connect(&self, deadline: Duration) -> Result<RedisConnection, RedisError> {
        let began = Instant::now();
        let builder = timeout(deadline, self.read_builder()).await;
        let mut builder = builder.map_err(|_| self.slow())??;
        builder.with_connection_config(|config| {
            // Ours comes first: the driver's may look like a lost connection.
            config.connection_timeout = deadline.saturating_add(MARGIN);
            config.internal_command_timeout = deadline.saturating_add(MARGIN);
            config.max_command_attempts = 1;
        });
        let client = builder.build().map_err(|error| classify(error, deadline))?;
        let mut link = open(&client, deadline, began).await?;
        let (ended, lost) = watch::channel(false);
        let mut watcher = JoinSet::new();
        watcher.spawn(async move {
            drop((&mut link.0).await);
            ended.send_replace(true);
        });
        Ok(RedisConnection {
            client,
            lost,
            _watcher: watcher,
        })
    }
}

impl RedisConnection {
    /// Resolves when the connection is lost.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut lost = self.lost.clone();
        async move { drop(lost.wait_for(|lost| *lost).await) }
    }

    /// Sends `PING` and waits for the answer.
    ///
    /// # Errors
    /// See [`RedisError`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection usable.
    pub async fn ping(&self, deadline: Duration) -> Result<(), RedisError> {
        let ping = self.client.with_options(&patience(deadline));
        within(self.lost(), deadline, Box::pin(ping.ping::<String>(None)))
            .await
            .map(drop)
    }

    /// What `INFO` says: lines of `name:value`.
    ///
    /// # Errors
    /// See [`RedisError`]; [`RedisError::Forbidden`] where the login may not ask this.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection usable.
    pub async fn info(&self, deadline: Duration) -> Result<String, RedisError> {
        let client = self.client.with_options(&patience(deadline));
        within(self.lost(), deadline, Box::pin(client.info(None))).await
    }

    /// What `CLUSTER INFO` says, which is what this node sees of its cluster: lines of `name:value`.
    ///
    /// # Errors
    /// See [`RedisError`]; [`RedisError::Forbidden`] where the login may not ask this.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection usable.
    pub async fn cluster_info(&self, deadline: Duration) -> Result<String, RedisError> {
        let client = self.client.with_options(&patience(deadline));
        within(self.lost(), deadline, Box::pin(client.cluster_info())).await
    }

    /// The primaries of the cluster, as far as this node knows: those that have slots, by `CLUSTER SLOTS`.
    ///
    /// # Errors
    /// See [`RedisError`]; [`RedisError::Forbidden`] where the login may not ask this.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection usable.
    pub async fn primaries(&self, deadline: Duration) -> Result<Vec<Server>, RedisError> {
        let client = self.client.with_options(&patience(deadline));
        let slots: Value = within(self.lost(), deadline, Box::pin(client.cluster_slots())).await?;
        // A node may not know under which name it is reached: under that of this connection.
        let host = self.client.client_config().server.hosts().into_iter().next();
        let host = host.map(|server| server.host).unwrap_or_default();
        let routing = ClusterRouting::from_cluster_slots(slots, host).map_err(RedisError::Other)?;
        Ok(routing.unique_primary_nodes())
    }
}

/// One attempt.
fn patience(deadline: Duration) -> Options {
    Options {
        timeout: Some(deadline),
        max_attempts: Some(1),
        fail_fast: true,
        ..Options::default()
    }
}

/// fred's own timeout frees its place in the queue; this outer one holds whatever happens. Once the link has ended, nobody
/// answers what is in the queue.
async fn within<T>(
    lost: impl Future<Output = ()>,
    deadline: Duration,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, RedisError> {
    let answer = tokio::select! {
        biased;
        answer = timeout(deadline.saturating_add(GRACE), command) => answer,
        () = lost => Ok(Err(Error::new(ErrorKind::IO, "the connection was closed"))),
    };
    answer
        .map_err(|_| RedisError::Timeout { deadline })?
        .map_err(|error| classify(error, deadline))
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisConnection")
    }
}

async fn open(client: &Client, deadline: Duration, began: Instant) -> Result<Abort, RedisError> {
    let mut connected = pin!(client.wait_for_connect());
    // Subscribes before there is anything to miss.
    let early = poll_fn(|cx| Poll::Ready(connected.as_mut().poll(cx))).await;
    let link = Abort(client.connect());
    let opened = match early {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => timeout(deadline.saturating_sub(began.elapsed()), connected).await,
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
    if error.details().contains("max number of clients") {
        return RedisError::TooManyConnections(error);
    }
    if error.details().starts_with("NOPERM") || error.details().starts_with("ERR unknown command") {
        return RedisError::Forbidden(error);
    }
    match error.kind() {
        // Of the cause, the driver keeps the text only.
        ErrorKind::IO if error.details().contains(UNREADABLE) => RedisError::Other(error),
        ErrorKind::Auth => RedisError::Refused(error),
        ErrorKind::Timeout => RedisError::Timeout { deadline },
        ErrorKind::IO | ErrorKind::Canceled => RedisError::Unreachable(error),
        _ => RedisError::Other(error),
    }
}

/// How the kind of an error of input and output shows whose other side is reached: what it says is not understood, or its
/// certificate is not trusted.
const UNREADABLE: &str = "kind: InvalidData";

const GRACE: Duration = Duration::from_millis(25);

const MARGIN: Duration = Duration::from_secs(1);
