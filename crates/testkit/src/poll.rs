use std::time::{Duration, Instant};

use crate::error::Error;

/// The waits between polls: 2 ms at first, doubled up to 20 ms.
pub(crate) struct Pace(Duration);

impl Pace {
    pub(crate) const fn new() -> Self {
        Self(Duration::from_millis(2))
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_millis(20));
    }
}

/// Polls until `probe` answers `Some` or an error; `None` when `limit` has passed.
///
/// It measures by the real clock: servers do not stop for a test that has paused tokio's.
pub(crate) async fn until<T, P>(limit: Duration, mut probe: P) -> Result<Option<T>, Error>
where
    P: AsyncFnMut() -> Result<Option<T>, Error>,
{
    let started = Instant::now();
    let mut pace = Pace::new();
    loop {
        if let Some(value) = probe().await? {
            return Ok(Some(value));
        }
        if started.elapsed() >= limit {
            return Ok(None);
        }
        pace.wait().await;
    }
}

/// Runs `call`, but no longer than `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    what: impl Into<String>,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, call).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Error::Timeout {
            what: what.into(),
            limit,
        }),
    }
}
