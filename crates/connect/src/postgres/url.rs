use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use groundcrew_base::Secret;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Config, config::Host};

use super::{
    PostgresTls, SslMode,
    connection::{self, ConnectError, PostgresConnection},
    libpq_env,
    parameters::Parameters,
};
use crate::{
    UrlError,
    shown_url::shown_url,
    tls::{Identity, Reading, Roots, TlsError, Verification},
};

/// A PostgreSQL connection URL that means what libpq says.
///
/// Several hosts, Unix sockets, `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `target_session_attrs`
/// (`any`, `read-write`, `read-only`), `load_balance_hosts`, keepalives and timeouts are understood; an
/// unknown parameter is an error that names it. `Display` and `Debug` mask the password.
///
/// # Examples
/// ```
/// use groundcrew_connect::postgres::{PostgresUrl, SslMode};
///
/// let url = PostgresUrl::parse("postgresql://app:pw@a:5432,b:5433/shop?sslmode=verify-ca")?;
/// assert_eq!(url.hosts(), ["a", "b"]);
/// assert_eq!(url.database(), Some("shop"));
/// assert_eq!(url.sslmode(), SslMode::VerifyCa);
/// # Ok::<(), groundcrew_connect::UrlError>(())
/// ```
#[derive(Clone)]
pub struct PostgresUrl {
    shown: String,
    config: Config,
    sslmode: SslMode,
    sslmode_given: bool,
    roots: Option<PathBuf>,
    identity: Option<Identity>,
    reading: Reading,
}

impl PostgresUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// Says which part is wrong and what would be right, never quoting a password.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        {
            return Err(UrlError::Scheme {
                expected: "postgres:// or postgresql://",
            });
        }
        refuse_raw_delimiters(text)?;
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let parameters = Parameters::parse(query)?;
        let mut config: Config = format!("{address}?{}", parameters.driver_query())
            .parse()
            .map_err(|error: tokio_postgres::Error| UrlError::Syntax {
                why: driver_text(&error).into(),
            })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        let sslmode = parameters.sslmode.unwrap_or_else(|| default_sslmode(&config));
        config.ssl_mode(sslmode.driver());
        Ok(Self {
            shown: shown_url(text),
            config,
            sslmode,
            sslmode_given: parameters.sslmode.is_some(),
            identity: identity(parameters.sslcert, parameters.sslkey)?,
            roots: parameters.sslrootcert,
            reading: Reading::default(),
        })
    }

    /// The driver's configuration. Its own `sslmode` says only whether TLS is tried: pair it with
    /// [`connector`](Self::connector).
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What makes TLS streams for the driver, for every `sslmode`.
    ///
    /// # Errors
    /// When a certificate or key file cannot be read.
    pub fn connector(&self) -> Result<PostgresTls, TlsError> {
        let roots = self.roots.clone().map_or(Roots::System, Roots::File);
        PostgresTls::new(&roots, self.verification(), self.identity.as_ref())
    }

    const fn verification(&self) -> Verification {
        self.sslmode.verification(self.roots.is_some())
    }

    /// Connects, with one deadline over name resolution, TCP, TLS and the PostgreSQL handshake. Of several hosts each has its share
    /// of it, so that a silent one does not keep from the next; one that refuses the login is the last, as with libpq.
    ///
    /// The connection is a future that must be driven, in a task that the caller owns, for as long as
    /// the client is used.
    ///
    /// # Errors
    /// By what the caller can do about it; see [`ConnectError`].
    ///
    /// # Cancel safety
    /// Dropping the future gives up the attempt. The reading of a certificate file that has begun goes on, on a blocking thread; the
    /// next attempt waits for its end.
    pub async fn connect(
        &self,
        deadline: Duration,
    ) -> Result<(tokio_postgres::Client, PostgresConnection), ConnectError> {
        let began = Instant::now();
        let connector = timeout(deadline, self.read_connector()).await;
        let connector = connector.map_err(|_| self.slow())??;
        connection::connect(&self.config, connector, deadline, began).await
    }

    /// Why nothing is tried yet: the certificates are being read.
    #[doc(hidden)]
    #[must_use]
    pub fn still_reading(&self) -> Option<TlsError> {
        self.reading.goes_on().then(|| self.slow())
    }

    fn slow(&self) -> TlsError {
        let roots = (self.verification() != Verification::None)
            .then(|| self.roots.clone().map_or(Roots::System, Roots::File).to_string());
        let own = self.identity.iter().flat_map(|own| [&own.certificate, &own.key]);
        let own = own.map(|path| path.display().to_string());
        TlsError::Slow {
            place: roots.into_iter().chain(own).collect::<Vec<_>>().join(", "),
        }
    }

    /// As [`connector`](Self::connector), but no file keeps a worker waiting.
    async fn read_connector(&self) -> Result<PostgresTls, TlsError> {
        if self.identity.is_none() && self.verification() == Verification::None {
            return self.connector();
        }
        let url = self.clone();
        self.reading.of(move || url.connector()).await
    }

    /// The environment that makes libpq's tools (`pg_dump`, `psql`) connect to the same place.
    ///
    /// For a child process: the password travels in `PGPASSWORD`, never in the argument list.
    #[must_use]
    pub fn libpq_env(&self) -> Vec<(&'static str, String)> {
        let mut env = libpq_env::of(&self.config);
        env.push(("PGSSLMODE", self.sslmode.to_string()));
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        if let Some(roots) = &self.roots {
            env.push(("PGSSLROOTCERT", path(roots)));
        }
        if let Some(identity) = &self.identity {
            env.push(("PGSSLCERT", path(&identity.certificate)));
            env.push(("PGSSLKEY", path(&identity.key)));
        }
        env
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(mut self, database: &str) -> Self {
        self.config.dbname(database);
        self.shown = self.describe();
        self
    }

    /// The same server, with this password.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a secret is handed over, not lent")]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.config.password(password.expose());
        self
    }

    /// Sets the name by which `pg_stat_activity` shows the connection, unless the URL sets one.
    #[must_use]
    pub fn with_application_name(mut self, name: &str) -> Self {
        if self.config.get_application_name().is_none() {
            self.config.application_name(name);
        }
        self
    }

    /// Joins the URL with a separate switch for TLS, such as `DATABASE_SSL`. The URL wins where it says
    /// nothing else; `true` asks for verified TLS.
    ///
    /// # Errors
    /// When the URL's `sslmode` says the opposite.
    pub fn with_tls(mut self, wanted: bool) -> Result<Self, UrlError> {
        let has = self.sslmode != SslMode::Disable;
        if self.sslmode_given && has != wanted {
            return Err(UrlError::Contradiction {
                first: format!("sslmode={}", self.sslmode).into(),
                second: if wanted {
                    "TLS switched on"
                } else {
                    "TLS switched off"
                }
                .into(),
            });
        }
        if !self.sslmode_given {
            self.sslmode = if wanted {
                SslMode::VerifyFull
            } else {
                SslMode::Disable
            };
            self.sslmode_given = true;
            self.config.ssl_mode(self.sslmode.driver());
        }
        Ok(self)
    }

    /// How the connection is protected, after the defaults.
    #[must_use]
    pub const fn sslmode(&self) -> SslMode {
        self.sslmode
    }

    /// The hosts in the order they are tried; a Unix socket is its directory.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.config.get_hosts().iter().map(host_text).collect()
    }

    /// The role to connect as; the operating system's user name when the URL names none.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// The database; the role's name when the URL names none.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.config.get_dbname()
    }

    fn describe(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| format!("{}:{}", host_text(host), port(&self.config, at)))
            .collect();
        let user = self
            .config
            .get_user()
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        format!(
            "postgres://{user}{}/{}",
            hosts.join(","),
            self.database().unwrap_or_default()
        )
    }
}

impl FromStr for PostgresUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresUrl").field(&self.shown).finish()
    }
}

/// A raw `/`, `?` or `#` in the password would end the address where nobody meant it: libpq takes what follows for a
/// path, tokio-postgres for the password.
fn refuse_raw_delimiters(text: &str) -> Result<(), UrlError> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (address, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !address.contains('@') && tail.contains('@') {
        let why = "a '/', '?' or '#' before an '@' must be percent-encoded";
        return Err(UrlError::Syntax { why: why.into() });
    }
    Ok(())
}

pub(super) fn host_text(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(directory) => directory.to_string_lossy().into_owned(),
    }
}

/// The port of the host at that position; one port serves every host.
pub(super) fn port(config: &Config, at: usize) -> u16 {
    let ports = config.get_ports();
    ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432)
}

fn default_sslmode(config: &Config) -> SslMode {
    let near = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let near_addresses = config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    if config.get_hosts().iter().all(near) && near_addresses {
        SslMode::Prefer
    } else {
        SslMode::VerifyFull
    }
}

fn identity(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<Identity>, UrlError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Identity { certificate, key })),
        (Some(_), None) => Err(missing("sslcert", "sslkey")),
        (None, Some(_)) => Err(missing("sslkey", "sslcert")),
    }
}

fn missing(given: &'static str, absent: &'static str) -> UrlError {
    UrlError::Contradiction {
        first: given.into(),
        second: format!("the absence of {absent}").into(),
    }
}

/// The driver's own words, which name the parameter, never its value.
fn driver_text(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests;
