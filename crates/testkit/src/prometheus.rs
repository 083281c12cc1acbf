use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    account::Account,
    binary,
    daemon::{DEADLINE, Daemon, Spec},
    error::Error,
    poll,
    port::Port,
    sandbox::Sandbox,
};

/// A private Prometheus server on a loopback port, that scrapes what its configuration says.
///
/// Exemplars and native histograms are switched on. The handle is cheap to clone; the process and its data are gone
/// with the last clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use groundcrew_testkit::Prometheus;
///
/// let config = "{scrape_configs: [{job_name: app, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:9000']}]}]}";
/// let prometheus = Prometheus::start(config).await?;
/// let json = prometheus.get("/api/v1/query?query=up").await?;
/// assert!(json.contains(r#""status":"success""#));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Prometheus(Arc<Inner>);

struct Inner {
    daemon: Daemon,
    port: Port,
}

impl Prometheus {
    /// Starts it with this configuration, in YAML, and waits until it is ready.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs Prometheus; [`Error::Exited`] and
    /// [`Error::NotReady`] carry the end of its log, where mistakes of the configuration are.
    ///
    /// # Cancel safety
    /// Cancel safe: a process that is not ready yet is killed.
    pub async fn start(configuration: &str) -> Result<Self, Error> {
        let program = binary::PROMETHEUS.find(None)?;
        let sandbox = Arc::new(Sandbox::new(Account::unprivileged()?)?);
        let port = Port::reserve()?;
        let config = sandbox.path("prometheus.yml");
        sandbox.write_private(&config, configuration)?;
        let data = sandbox.subdir("data")?;
        let spec = Spec {
            server: "Prometheus",
            name: String::from("prometheus"),
            program,
            args: vec![
                flag("--config.file", config.display()),
                flag("--storage.tsdb.path", data.display()),
                flag("--web.listen-address", port.addr()),
                flag("--enable-feature", "exemplar-storage,native-histograms"),
                flag("--log.level", "warn"),
            ],
            dir: sandbox.dir().to_owned(),
            stop_signal: Signal::TERM,
        };
        let server = Self(Arc::new(Inner {
            daemon: Daemon::spawn(sandbox, spec)?,
            port,
        }));
        server
            .0
            .daemon
            .ready(async || server.get("/-/ready").await.is_ok())
            .await?;
        Ok(server)
    }

    /// Whether Prometheus is installed; costs a few file look-ups.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs it.
    pub fn available() -> Result<(), Error> {
        binary::PROMETHEUS.find(None).map(drop)
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

    /// Gets a path of its HTTP API, query included and encoded, and gives the body of the answer.
    ///
    /// # Errors
    /// [`Error::Network`] when there is no answer, or one whose status is not 200; [`Error::Timeout`] when it takes
    /// too long.
    pub async fn get(&self, path: &str) -> Result<String, Error> {
        let what = format!("GET {path} of Prometheus");
        let answer = async { self.exchange(path).await.map_err(Error::network(&what)) };
        poll::within(DEADLINE, &what, answer).await
    }

    async fn exchange(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.addr()).await?;
        // With 1.0, the body is not cut into chunks and ends with the connection.
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.0 200") => Ok(body.to_owned()),
            _ => Err(std::io::Error::other(answer)),
        }
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

fn flag(name: &str, value: impl fmt::Display) -> std::ffi::OsString {
    format!("{name}={value}").into()
}
