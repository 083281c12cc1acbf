//! The asking side: lets a service's own binary act as its container's health check, without curl.
//!
//! ```no_run
//! use std::{process::ExitCode, time::Duration};
//!
//! use groundcrew_health::probe;
//!
//! fn main() -> ExitCode {
//!     if std::env::args().any(|argument| argument == "--healthcheck") {
//!         return match probe::probe("http://localhost:9090/readyz", Duration::from_secs(5)) {
//!             Ok(_) => ExitCode::SUCCESS,
//!             Err(_) => ExitCode::FAILURE,
//!         };
//!     }
//!     // ... the service
//!     ExitCode::SUCCESS
//! }
//! ```

mod schedule;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

pub use schedule::Schedule;

/// Sends `GET url` and gives the status if it is a 2xx. Plain HTTP/1.1, no runtime, no redirects.
///
/// Every address of the host is tried, so `localhost` works for both IP versions. `deadline` covers all
/// of it, except for the lookup of a name by the system.
///
/// # Errors
/// [`ProbeError::Status`] for any other status, [`ProbeError::Url`] for what is not
/// `http://host[:port][/path]`, [`ProbeError::Io`] if there is no answer in time.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::probe::{ProbeError, probe};
///
/// let error = probe("https://localhost/livez", Duration::from_secs(1));
/// assert!(matches!(error, Err(ProbeError::Url)));
/// ```
pub fn probe(url: &str, deadline: Duration) -> Result<u16, ProbeError> {
    let end = Instant::now() + deadline.min(LONGEST);
    let target = Target::parse(url)?;
    let stream = target.connect(end)?;
    let status = target.ask(stream, end)?;
    if (200..300).contains(&status) {
        Ok(status)
    } else {
        Err(ProbeError::Status { status })
    }
}

/// Why a probe is not a success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The URL is not `http://host[:port][/path]`.
    #[error("expected http://host[:port][/path]")]
    Url,
    /// The service answered with a status that is not a 2xx.
    #[error("the answer is {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The answer is not HTTP.
    #[error("the answer is not HTTP/1")]
    NotHttp,
    /// There is no answer.
    #[error("asking the service")]
    Io(#[from] io::Error),
}

impl ProbeError {
    /// Whether the same probe may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Io(_))
    }
}

struct Target<'a> {
    authority: &'a str,
    path: &'a str,
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> Result<Self, ProbeError> {
        let rest = url.strip_prefix("http://").ok_or(ProbeError::Url)?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !clean(authority) || !clean(path) {
            return Err(ProbeError::Url);
        }
        Ok(Self { authority, path })
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, ProbeError> {
        let host_end = self.authority.rfind(']').unwrap_or(0);
        let port = self.authority.rfind(':').filter(|colon| *colon >= host_end);
        let (host, port) = match port {
            None => (self.authority, 80),
            Some(colon) => {
                let port = self.authority.get(colon + 1..).unwrap_or_default();
                let host = self.authority.get(..colon).unwrap_or_default();
                (host, port.parse().map_err(|_| ProbeError::Url)?)
            }
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok((host, port).to_socket_addrs()?.collect())
    }

    fn connect(&self, end: Instant) -> Result<TcpStream, ProbeError> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.addresses()? {
            match TcpStream::connect_timeout(&address, left(end)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last.into())
    }

    fn ask(&self, mut stream: TcpStream, end: Instant) -> Result<u16, ProbeError> {
        stream.set_write_timeout(Some(left(end)?))?;
        let (path, authority) = (self.path, self.authority);
        // In one piece: a service that answers at the first byte may close before it has read the rest.
        let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        // "HTTP/1.1 200" is all that matters of the answer.
        let mut head = [0; 12];
        let mut filled = 0;
        while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            stream.set_read_timeout(Some(left(end)?))?;
            match stream.read(rest)? {
                0 => return Err(ProbeError::NotHttp),
                read => filled += read,
            }
        }
        let head = std::str::from_utf8(&head).map_err(|_| ProbeError::NotHttp)?;
        let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..));
        status
            .and_then(|status| status.parse().ok())
            .ok_or(ProbeError::NotHttp)
    }
}

fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// What no probe waits for; an instant has no room for every duration.
const LONGEST: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Answers one connection with `answer`, or not at all, and gives what `probe` says.
    fn probe_of(answer: Option<&'static str>) -> Result<u16, ProbeError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://localhost:{}/livez?x=1",
            listener.local_addr().unwrap().port()
        );
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                None => drop(stream.read(&mut request)),
            }
            String::from_utf8(request.get(..read).unwrap().to_vec()).unwrap()
        });
        let outcome = probe(
            &url,
            Duration::from_millis(if answer.is_some() { 5000 } else { 1000 }),
        );
        let request = server.join().unwrap();
        assert!(
            request.starts_with("GET /livez?x=1 HTTP/1.1\r\nHost: localhost:"),
            "{request}"
        );
        outcome
    }

    #[test]
    fn the_status_decides() {
        assert_eq!(probe_of(Some("HTTP/1.1 204 No Content\r\n\r\n")).unwrap(), 204);
        let refused = probe_of(Some("HTTP/1.1 503 Service Unavailable\r\n\r\nnot ready"));
        assert_eq!(refused.unwrap_err().to_string(), "the answer is 503");
        assert!(matches!(
            probe_of(Some("SSH-2.0-OpenSSH_9.2\r\n")),
            Err(ProbeError::NotHttp)
        ));
    }

    #[test]
    fn a_silent_service_fails_at_the_deadline() {
        assert!(matches!(probe_of(None), Err(ProbeError::Io(_))));
    }

    #[test]
    fn an_endless_deadline_is_one_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            read
        });

        assert_eq!(probe(&url, Duration::MAX).unwrap(), 200);
        assert!(server.join().unwrap() > 0);
    }

    #[test]
    fn only_plain_http_is_understood() {
        for url in [
            "https://h/",
            "h:80",
            "http://",
            "http://u:p@h/",
            "http://h:x/",
            "http://h/a b",
        ] {
            assert!(
                matches!(probe(url, Duration::from_secs(1)), Err(ProbeError::Url)),
                "{url}"
            );
        }
    }
}
