use std::{fmt, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use groundcrew_connect::{
    redis::{
        RedisUrl,
        fred::{
            clients::Client,
            error::{Error, ErrorKind},
            interfaces::ClientLike,
            types::{ConnectHandle, config::Options},
        },
    },
    tls::TlsError,
};
use tokio::{sync::Mutex, time::timeout};

use super::{
    asking::{Asking, PATIENCE, asking_setters, frozen, unhealthy, up},
    chain,
};

/// Asks Redis, or one node of a Redis Cluster, on a connection of its own.
///
/// It sends `PING` and says in the detail `verdict` what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `frozen` | unhealthy | no answer in time |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `loading` | unhealthy | the server reads its data |
/// | `auth` | unhealthy | the login is refused; detail `permanent: true` |
/// | `error` | unhealthy | anything else |
///
/// Given the [`Evidence`](crate::Evidence) of a client it asks nothing while real commands succeed, and passes
/// on what the client knows. Cloning is cheap; clones share the connection.
///
/// # Examples
/// ```
/// use groundcrew_connect::redis::RedisUrl;
/// use groundcrew_health::{Registration, checks::RedisCheck};
///
/// let redis = RedisCheck::new(RedisUrl::parse("redis://cache:6379")?);
/// let registration = Registration::new("redis", redis).optional();
/// # drop(registration);
/// # Ok::<(), groundcrew_connect::UrlError>(())
/// ```
#[derive(Clone)]
pub struct RedisCheck {
    url: RedisUrl,
    asking: Asking,
    connection: Arc<Mutex<Option<Connected>>>,
}

struct Connected {
    client: Client,
    /// Ends with us.
    _link: Abort,
    /// Questions in a row that were not answered in time.
    unanswered: u32,
}

/// Why there is no answer.
enum Failure {
    Timeout(Duration),
    Tls(TlsError),
    Redis(Error),
}

impl RedisCheck {
    /// A check of the server at `url`. Connects when it first runs.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self {
            url,
            asking: Asking::default(),
            connection: Arc::default(),
        }
    }

    asking_setters!();

    async fn ping(&self) -> Verdict {
        let mut slot = self.connection.lock().await;
        if let Some(connected) = slot.as_mut() {
            match connected.ask(self.asking.timeout).await {
                Ok(()) => return up(),
                Err(failure) if connected.is_kept(&failure) => return failure.verdict(),
                Err(failure) => {
                    *slot = None;
                    if matches!(failure, Failure::Timeout(_)) {
                        return failure.verdict();
                    }
                }
            }
        }
        match self.connect().await {
            Err(failure) => failure.verdict(),
            Ok(connected) => match slot.insert(connected).ask(self.asking.timeout).await {
                Ok(()) => up(),
                Err(failure) => failure.verdict(),
            },
        }
    }

    /// Opens a connection that does not try to come back by itself: the next run is its retry.
    async fn connect(&self) -> Result<Connected, Failure> {
        let mut builder = self.url.builder().map_err(Failure::Tls)?;
        builder.with_connection_config(|config| {
            config.connection_timeout = self.asking.connect_timeout;
            config.internal_command_timeout = self.asking.connect_timeout;
            config.max_command_attempts = 1;
        });
        let client = builder.build().map_err(Failure::Redis)?;
        let link = self.open(&client).await?;
        Ok(Connected {
            client,
            _link: link,
            unanswered: 0,
        })
    }

    async fn open(&self, client: &Client) -> Result<Abort, Failure> {
        let mut connected = pin!(client.wait_for_connect());
        // Subscribes before there is anything to miss.
        let early = poll_fn(|cx| Poll::Ready(connected.as_mut().poll(cx))).await;
        let link = Abort(client.connect());
        let opened = match early {
            Poll::Ready(outcome) => Ok(outcome),
            Poll::Pending => timeout(self.asking.connect_timeout, connected).await,
        };
        opened
            .map_err(|_| Failure::Timeout(self.asking.connect_timeout))?
            .map_err(Failure::Redis)?;
        Ok(link)
    }
}

/// The driver's task, which holds the socket and would outlive its client.
struct Abort(ConnectHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn run(&self) -> Verdict {
        self.asking.verdict(self.ping()).await
    }
}

impl fmt::Debug for RedisCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCheck")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Connected {
    async fn ask(&mut self, limit: Duration) -> Result<(), Failure> {
        let options = Options {
            timeout: Some(limit),
            max_attempts: Some(1),
            fail_fast: true,
            ..Options::default()
        };
        let ping = self.client.with_options(&options);
        // fred's own timeout frees its place in the queue; the outer one holds whatever happens.
        let answer = timeout(limit.saturating_add(GRACE), ping.ping::<String>(None)).await;
        match answer {
            Ok(Ok(_)) => {
                self.unanswered = 0;
                Ok(())
            }
            Ok(Err(error)) if !matches!(error.kind(), ErrorKind::Timeout) => Err(Failure::Redis(error)),
            Ok(Err(_)) | Err(_) => {
                self.unanswered += 1;
                Err(Failure::Timeout(limit))
            }
        }
    }

    /// Whether the connection may still be good.
    const fn is_kept(&self, failure: &Failure) -> bool {
        matches!(failure, Failure::Timeout(_)) && self.unanswered < PATIENCE
    }
}

impl Failure {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Timeout(limit) => frozen(*limit),
            Self::Tls(error) => unhealthy("error", chain(error)),
            Self::Redis(error) => refused(error),
        }
    }
}

fn refused(error: &Error) -> Verdict {
    let reason = chain(error);
    if error.details().starts_with("LOADING") {
        return unhealthy("loading", reason);
    }
    match error.kind() {
        ErrorKind::Auth => unhealthy("auth", reason).detail("permanent", true),
        ErrorKind::Timeout => unhealthy("frozen", reason),
        ErrorKind::IO | ErrorKind::Canceled => unhealthy("down", reason),
        _ => unhealthy("error", reason),
    }
}

const GRACE: Duration = Duration::from_millis(50);
