use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{binary, certificate::CertificateFiles, daemon::Daemon, error::Error, port::Port, resp};

mod builder;

pub use builder::RedisBuilder;
pub(crate) use builder::Role;

/// A private Redis server.
///
/// It listens on a loopback port that the kernel chose, keeps its files in a temporary directory, and writes no
/// snapshot of its own accord except when it is stopped in good order: [`stop`](Self::stop) keeps the data for
/// [`start_again`](Self::start_again), [`kill`](Self::kill) loses what was not saved.
///
/// The handle is cheap to clone; the server is killed and its directory removed when the last clone is dropped,
/// or when the process ends in whatever way.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::Redis;
///
/// let server = Redis::start().await?;
/// server.command(&["SET", "k", "v"]).await?;
/// assert_eq!(server.command(&["GET", "k"]).await?, "v");
///
/// server.pause()?;
/// // ... whoever asks now waits for its deadline
/// server.resume()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    daemon: Daemon,
    port: Port,
    socket: PathBuf,
    dir: PathBuf,
    password: Option<String>,
    tls: Option<CertificateFiles>,
}

impl Redis {
    /// Starts a server without password and TLS.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs Redis; [`Error::Exited`] and [`Error::NotReady`]
    /// carry the end of the server's log.
    ///
    /// # Cancel safety
    /// Cancel safe: a server that is not ready yet is killed.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Chooses password, TLS and settings first.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }

    /// Whether Redis is installed; costs a few file look-ups.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs it.
    pub fn available() -> Result<(), Error> {
        binary::REDIS.find(None).map(drop)
    }

    /// The URL with the password; its scheme is `rediss` with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.0.tls.is_some() { "rediss" } else { "redis" };
        match &self.0.password {
            Some(password) => format!("{scheme}://:{password}@{}", self.addr()),
            None => format!("{scheme}://{}", self.addr()),
        }
    }

    /// The TCP address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.port.addr()
    }

    /// The directory of its snapshot and append-only files.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.0.dir
    }

    /// The server's log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.daemon.log_path()
    }

    /// The certificate files, when the server was started with TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&CertificateFiles> {
        self.0.tls.as_ref()
    }

    /// Asks one command on a connection of its own and answers the reply as `redis-cli` prints it: integers as
    /// digits, nothing as `(nil)`, lists one item a line.
    ///
    /// It goes through the Unix socket, so that it works beside a TLS port; the deadline is 5 s.
    ///
    /// # Errors
    /// [`Error::Redis`] for an error reply, [`Error::Timeout`] and [`Error::Network`] when the server is paused or
    /// down.
    pub async fn command(&self, words: &[&str]) -> Result<String, Error> {
        resp::command(&self.0.socket, self.0.password.as_deref(), words).await
    }

    /// Stops the server with SIGSTOP: connections stay open and nothing answers.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when the server is down.
    pub fn pause(&self) -> Result<(), Error> {
        self.0.daemon.pause()
    }

    /// Continues after [`pause`](Self::pause).
    ///
    /// # Errors
    /// [`Error::NotRunning`] when the server is down.
    pub fn resume(&self) -> Result<(), Error> {
        self.0.daemon.resume()
    }

    /// Kills the server with SIGKILL and waits until it is gone. A server that is down stays down.
    ///
    /// # Errors
    /// [`Error::Timeout`] when the system does not end it.
    pub async fn kill(&self) -> Result<(), Error> {
        self.0.daemon.kill().await
    }

    /// Shuts the server down in good order, with a snapshot, and waits for it.
    ///
    /// # Errors
    /// [`Error::Timeout`] when it takes too long.
    pub async fn stop(&self) -> Result<(), Error> {
        self.0.daemon.stop().await
    }

    /// Starts a stopped or killed server again on the same port and data, and waits until it answers.
    ///
    /// # Errors
    /// [`Error::StillRunning`]; [`Error::Exited`] and [`Error::NotReady`] as for [`start`](Self::start).
    pub async fn start_again(&self) -> Result<(), Error> {
        self.0.daemon.spawn_again()?;
        self.ready().await
    }

    /// Whether the server's process runs (a paused one does).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.daemon.is_running()
    }

    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let ready = async || self.command(&["PING"]).await.is_ok_and(|reply| reply == "PONG");
        self.0.daemon.ready(ready).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("addr", &self.addr())
            .field("dir", &self.0.dir)
            .finish_non_exhaustive()
    }
}
