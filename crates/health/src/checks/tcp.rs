use std::{io, time::Duration};

use async_trait::async_trait;
use groundcrew_base::{Check, Verdict};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::verdicts::{frozen, unhealthy, up};
use crate::deadline::in_time;

/// Asks whether somebody takes connections at an address.
///
/// The detail `verdict` is `up`, `down` when the connection is refused or the name is unknown, and `frozen` when nothing
/// answers within the timeout.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::{Registration, checks::TcpCheck};
///
/// let mail = TcpCheck::new("smtp.example.com:25").timeout(Duration::from_secs(1));
/// let registration = Registration::new("mail", mail).optional();
/// # drop(registration);
/// ```
#[derive(Clone, Debug)]
pub struct TcpCheck {
    address: String,
    timeout: Duration,
}

impl TcpCheck {
    /// A check of `host:port`. An IPv6 address stands in brackets.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            timeout: Duration::from_secs(2),
        }
    }

    /// Sets how long connecting may take, the name's lookup included; default 2 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

#[async_trait]
impl Check for TcpCheck {
    async fn run(&self) -> Verdict {
        let began = Instant::now();
        let limit = in_time(self.timeout);
        match timeout(limit, TcpStream::connect(&self.address)).await {
            Err(_) => frozen(limit),
            Ok(Err(error)) => refused(&self.address, &error),
            Ok(Ok(_)) => up().detail("connectMs", began.elapsed().as_secs_f64() * 1e3),
        }
    }
}

pub(super) fn refused(address: &str, error: &io::Error) -> Verdict {
    unhealthy("down", format!("{address}: {error}"))
}
