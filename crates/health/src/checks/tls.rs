use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict, error_text};
use groundcrew_connect::tls::{self, Reading, Roots, TlsError, Verification};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::pki_types::{CertificateDer, ServerName},
};
use x509_parser::parse_x509_certificate;

use super::{
    tcp::refused,
    verdicts::{late, unhealthy, up},
};
use crate::deadline::in_time;

/// Asks a TLS server how long its certificate is good for.
///
/// Unhealthy when the handshake fails, because the certificate has expired for example or is for another name; degraded when a
/// certificate of the chain ends within 14 days. The details `notAfter` (seconds since 1970) and `daysLeft` are
/// those of the one that ends first.
///
/// Certificates change rarely: an interval of some minutes is enough.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::{Registration, checks::TlsCheck};
///
/// let certificate = TlsCheck::new("www.example.com", 443).warn_within(Duration::from_hours(30 * 24));
/// let registration = Registration::new("certificate", certificate)
///     .optional()
///     .interval(Duration::from_mins(10));
/// # drop(registration);
/// ```
#[derive(Clone, Debug)]
pub struct TlsCheck {
    host: String,
    port: u16,
    name: Option<String>,
    roots: Roots,
    warn_within: Duration,
    timeout: Duration,
    reading: Reading,
}

impl TlsCheck {
    /// A check of the server at this host, which is also the name its certificate must have.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            name: None,
            roots: Roots::System,
            warn_within: Duration::from_hours(14 * 24),
            timeout: Duration::from_secs(5),
            reading: Reading::default(),
        }
    }

    /// Sets the name that the certificate must have, where the host is an address or another name.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets who is trusted to sign; default the operating system's store.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        // Those of a clone may hang.
        self.reading = Reading::default();
        self
    }

    /// Sets how long before its end a certificate is degraded; default 14 days.
    #[must_use]
    pub const fn warn_within(mut self, left: Duration) -> Self {
        self.warn_within = left;
        self
    }

    /// Sets how long connecting and the handshake may take together; default 5 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(&self) -> Verdict {
        let name = self.name.as_deref().unwrap_or(&self.host);
        let Ok(name) = ServerName::try_from(name.to_owned()) else {
            return unhealthy("error", format!("{name} is no name of a server"));
        };
        let roots = self.roots.clone();
        let read = move || tls::client_config(&roots, Verification::Full);
        let config = match self.reading.of(read).await {
            Ok(config) => config,
            Err(error) => return unhealthy("error", error_text(&error)),
        };
        let stream = match TcpStream::connect((self.host.as_str(), self.port)).await {
            Ok(stream) => stream,
            Err(error) => return refused(&format!("{}:{}", self.host, self.port), &error),
        };
        match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
            Ok(stream) => self.judge(stream.get_ref().1.peer_certificates().unwrap_or_default()),
            Err(error) => unhealthy("handshake", error_text(&error)),
        }
    }

    fn judge(&self, chain: &[CertificateDer<'_>]) -> Verdict {
        let Some(ends) = chain.iter().filter_map(end).min() else {
            return unhealthy("error", "the server has shown no certificate".to_owned());
        };
        let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
        let since_epoch = ends.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = left.as_secs() / DAY;
        let verdict = if left < self.warn_within {
            Verdict::degraded(format!("the certificate ends in {days} days")).detail("verdict", "expiring")
        } else {
            up()
        };
        verdict
            .detail("notAfter", since_epoch.as_secs())
            .detail("daysLeft", days)
    }
}

#[async_trait]
impl Check for TlsCheck {
    async fn run(&self) -> Verdict {
        let limit = in_time(self.timeout);
        let place = || self.roots.to_string();
        let reading = || self.reading.goes_on().then(|| TlsError::Slow { place: place() });
        timeout(limit, self.ask())
            .await
            .unwrap_or_else(|_| late(reading(), limit))
    }
}

/// When it is good no longer.
fn end(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

const DAY: u64 = 86_400;
