use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::process::Signal;

use crate::{
    account::Account,
    admin, binary,
    daemon::{Daemon, Spec},
    database::Database,
    error::Error,
    port::Port,
    postgres::Postgres,
    sandbox::Sandbox,
};

/// A private `PgBouncer` in front of a [`Postgres`] server, in transaction mode unless asked otherwise.
///
/// It keeps its server alive. The handle is cheap to clone; the process is killed with the last clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::{PgBouncer, Postgres};
///
/// let server = Postgres::start().await?;
/// let database = server.database().await?;
/// let bouncer = PgBouncer::builder(&server).setting("default_pool_size", "2").start().await?;
/// println!("{}", bouncer.url_of(&database));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PgBouncer(Arc<Inner>);

struct Inner {
    daemon: Daemon,
    port: Port,
    server: Postgres,
}

/// Chooses how a [`PgBouncer`] runs.
#[derive(Clone, Debug)]
#[must_use]
pub struct PgBouncerBuilder {
    server: Postgres,
    settings: Vec<(String, String)>,
    programs: Option<PathBuf>,
}

impl PgBouncer {
    /// Starts it in transaction mode.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs `PgBouncer`; [`Error::Exited`] and
    /// [`Error::NotReady`] carry the end of its log.
    pub async fn start(server: &Postgres) -> Result<Self, Error> {
        Self::builder(server).start().await
    }

    /// Chooses settings first.
    pub fn builder(server: &Postgres) -> PgBouncerBuilder {
        PgBouncerBuilder {
            server: server.clone(),
            settings: Vec::new(),
            programs: None,
        }
    }

    /// Whether `PgBouncer` is installed; costs a few file look-ups.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs it.
    pub fn available() -> Result<(), Error> {
        binary::PGBOUNCER.find(None).map(drop)
    }

    /// The URL of the superuser on the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.server.url_by(self.addr(), "postgres")
    }

    /// The URL of one of the server's databases.
    #[must_use]
    pub fn url_of(&self, database: &Database) -> String {
        self.0.server.url_by(self.addr(), database.name())
    }

    /// The TCP address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.port.addr()
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.daemon.log_path()
    }

    /// Stops it with SIGSTOP: connections stay open and nothing answers.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when it is down.
    pub fn pause(&self) -> Result<(), Error> {
        self.0.daemon.pause()
    }

    /// Continues after [`pause`](Self::pause).
    ///
    /// # Errors
    /// [`Error::NotRunning`] when it is down.
    pub fn resume(&self) -> Result<(), Error> {
        self.0.daemon.resume()
    }

    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// [`Error::Timeout`] when the system does not end it.
    pub async fn kill(&self) -> Result<(), Error> {
        self.0.daemon.kill().await
    }

    /// Ends it in good order, once running transactions have, and waits for it.
    ///
    /// # Errors
    /// [`Error::Timeout`] when it takes too long.
    pub async fn stop(&self) -> Result<(), Error> {
        self.0.daemon.stop().await
    }

    /// Starts it again on the same port after [`stop`](Self::stop) or [`kill`](Self::kill).
    ///
    /// # Errors
    /// [`Error::StillRunning`]; [`Error::Exited`] and [`Error::NotReady`] as for [`start`](Self::start).
    pub async fn start_again(&self) -> Result<(), Error> {
        self.0.daemon.spawn_again()?;
        self.ready().await
    }

    async fn ready(&self) -> Result<(), Error> {
        let mut config = admin::by_socket(self.0.daemon.sandbox().dir(), &self.0.port, "postgres");
        config.password(self.0.server.password());
        self.0
            .daemon
            .ready(async || admin::connect(&config).await.is_ok())
            .await
    }
}

impl fmt::Debug for PgBouncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgBouncer")
            .field("addr", &self.addr())
            .field("server", &self.0.server)
            .finish_non_exhaustive()
    }
}

impl PgBouncerBuilder {
    /// Sets a line of the section `[pgbouncer]`, such as `("pool_mode", "session")`; the last one of a name wins.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Takes `pgbouncer` from this directory alone. Default: the one installed.
    pub fn programs(mut self, dir: impl Into<PathBuf>) -> Self {
        self.programs = Some(dir.into());
        self
    }

    /// Starts it and waits until it connects through to the server.
    ///
    /// # Errors
    /// As [`PgBouncer::start`].
    ///
    /// # Cancel safety
    /// Cancel safe: a process that is not ready yet is killed.
    pub async fn start(self) -> Result<PgBouncer, Error> {
        let program = binary::PGBOUNCER.find(self.programs.as_deref())?;
        let sandbox = Arc::new(Sandbox::new(Account::unprivileged()?)?);
        let port = Port::reserve()?;
        let users = format!("\"postgres\" \"{}\"\n", self.server.password());
        sandbox.write_private(&sandbox.path("users.txt"), &users)?;
        let config = sandbox.path("pgbouncer.ini");
        sandbox.write_private(&config, &self.configuration(&port, sandbox.dir()))?;
        let spec = Spec {
            server: "PgBouncer",
            name: String::from("pgbouncer"),
            program,
            args: vec![config.into()],
            dir: sandbox.dir().to_owned(),
            stop_signal: Signal::INT,
        };
        let bouncer = PgBouncer(Arc::new(Inner {
            daemon: Daemon::spawn(sandbox, spec)?,
            port,
            server: self.server,
        }));
        bouncer.ready().await?;
        Ok(bouncer)
    }

    fn configuration(&self, port: &Port, dir: &Path) -> String {
        let (dir, port) = (dir.display(), port.number());
        let upstream = self.server.addr();
        let mut text = format!(
            "[databases]\n* = host={} port={}\n\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir = {dir}\n\
             auth_type = scram-sha-256\nauth_file = {dir}/users.txt\nadmin_users = postgres\n\
             pool_mode = transaction\n",
            upstream.ip(),
            upstream.port()
        );
        text.extend(
            self.settings
                .iter()
                .map(|(name, value)| format!("{name} = {value}\n")),
        );
        text
    }
}
