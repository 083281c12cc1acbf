use std::net::SocketAddr;

use groundcrew_lifecycle::{Error, Exit, Lifecycle};

use super::TARGET;

/// A service whose listeners are open.
#[derive(Debug)]
#[must_use = "call run()"]
pub struct Bound {
    lifecycle: Lifecycle,
    address: SocketAddr,
    probe_address: SocketAddr,
}

impl Bound {
    pub(super) const fn new(lifecycle: Lifecycle, address: SocketAddr, probe_address: SocketAddr) -> Self {
        Self {
            lifecycle,
            address,
            probe_address,
        }
    }

    /// Where every route is served.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where probes and metrics are served by a thread of their own.
    #[must_use]
    pub const fn probe_address(&self) -> SocketAddr {
        self.probe_address
    }

    /// Waits for what is required, says ready, and runs until a signal or a failure; then drains and stops.
    ///
    /// Give the result to `std::process::ExitCode`.
    pub async fn run(self) -> Exit {
        match self.lifecycle.ready().await {
            Ok(_) => tracing::info!(target: TARGET, "ready"),
            Err(Error::Interrupted) => tracing::info!(target: TARGET, "told to stop before it was ready"),
            // The lifecycle has told what is missing.
            Err(_) => {}
        }
        self.lifecycle.run().await
    }
}
