use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_postgres::Config;

use crate::{
    admin, binary,
    certificate::CertificateFiles,
    daemon::Daemon,
    database::{Database, Host},
    error::Error,
    port::Port,
};

mod builder;

pub use builder::PostgresBuilder;

/// A private PostgreSQL server.
///
/// It listens on a loopback port that the kernel chose and on a Unix socket, keeps its data in a temporary
/// directory copied from a cached `initdb` template, and trades durability for speed (`fsync = off`). Run by
/// root it drops to the account `postgres` or `nobody`. The superuser is `postgres` with a random password.
///
/// The handle is cheap to clone; the server is killed and its directory removed when the last clone and the
/// last [`Database`] are dropped, or when the process ends in whatever way.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::Postgres;
///
/// let server = Postgres::builder()
///     .setting("max_connections", "10")
///     .extension("pg_stat_statements")
///     .start()
///     .await?;
/// let database = server.database().await?;
/// println!("{}", database.url());
///
/// server.kill().await?;
/// server.start_again().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    daemon: Daemon,
    port: Port,
    password: String,
    tls: Option<CertificateFiles>,
    data: PathBuf,
    programs: PathBuf,
}

impl Postgres {
    /// Starts a server with the default settings.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs PostgreSQL; [`Error::Exited`] and
    /// [`Error::NotReady`] carry the end of the server's log.
    ///
    /// # Cancel safety
    /// Cancel safe: a server that is not ready yet is killed.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Chooses settings, extensions and TLS first.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }

    /// Whether PostgreSQL is installed; costs a few file look-ups.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs it.
    pub fn available() -> Result<(), Error> {
        binary::POSTGRES.find(None).map(drop)
    }

    /// The URL of the superuser on the database `postgres`, with the password. With TLS it asks for
    /// `sslmode=verify-full` and names the authority's file.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The TCP address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.port.addr()
    }

    /// The directory of the Unix socket, for URLs and `PGHOST`.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.0.daemon.sandbox().dir()
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.0.password
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.0.data
    }

    /// The directory of the programs that belong to this server (`pg_dump`, `pg_basebackup`, `psql`, ...).
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.0.programs
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

    /// Creates an empty database of its own, which is dropped with the handle.
    ///
    /// # Errors
    /// [`Error::Postgres`] when the server refuses, [`Error::Timeout`] when it does not answer.
    pub async fn database(&self) -> Result<Database, Error> {
        Database::create(Host::Own(self.clone())).await
    }

    /// Stops every process of the server with SIGSTOP: connections stay open and nothing answers.
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

    /// Kills every process of the server with SIGKILL and waits until they are gone. A server that is down
    /// stays down.
    ///
    /// # Errors
    /// [`Error::Timeout`] when the system does not end it.
    pub async fn kill(&self) -> Result<(), Error> {
        self.0.daemon.kill().await
    }

    /// Shuts the server down in good order ("fast": sessions are ended) and waits for it.
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

    /// Whether the server's main process runs (a paused one does).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.daemon.is_running()
    }

    pub(crate) fn answers(&self) -> bool {
        self.is_running() && !self.0.daemon.is_paused()
    }

    pub(crate) fn url_of(&self, database: &str) -> String {
        let tls = self.tls().map_or_else(String::new, |files| {
            format!("?sslmode=verify-full&sslrootcert={}", files.authority().display())
        });
        self.url_by(self.addr(), database) + &tls
    }

    /// The superuser's URL by way of `addr`, without TLS.
    pub(crate) fn url_by(&self, addr: SocketAddr, database: &str) -> String {
        format!("postgres://postgres:{}@{addr}/{database}", self.0.password)
    }

    /// How testkit itself connects: by the Unix socket, which needs neither password nor TLS.
    pub(crate) fn config(&self, database: &str) -> Config {
        admin::by_socket(self.socket_dir(), &self.0.port, database)
    }

    async fn ready(&self) -> Result<(), Error> {
        let config = self.config("postgres");
        self.0
            .daemon
            .ready(async || admin::connect(&config).await.is_ok())
            .await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("addr", &self.addr())
            .field("data", &self.0.data)
            .finish_non_exhaustive()
    }
}
