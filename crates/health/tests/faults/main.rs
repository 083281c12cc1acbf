//! What the engine and the probes do when the process itself is in trouble.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

mod blocked;
mod exhausted;
mod storm;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use groundcrew_base::error_text;
use groundcrew_health::probe::{ProbeError, probe};

const LIMIT: Duration = Duration::from_secs(5);

/// What a probe on a connection of its own says, and how long it takes.
fn ask(address: SocketAddr, path: &str) -> (u16, Duration) {
    let began = Instant::now();
    let code = match probe(&format!("http://{address}{path}"), LIMIT) {
        Ok(code) | Err(ProbeError::Status { status: code }) => code,
        Err(error) => panic!("{path}: {} after {:?}", error_text(&error), began.elapsed()),
    };
    (code, began.elapsed())
}
