//! Whether somebody takes connections, what HTTP answers, and for how long a certificate is good.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod authority;
#[path = "../support/hanging_file.rs"]
mod hanging_file;
mod http;
mod tcp;
mod tls;

use std::time::Duration;

use groundcrew_health::{Detail, Verdict};

const DAY: Duration = Duration::from_hours(24);

fn word(verdict: &Verdict) -> Option<&Detail> {
    verdict.details().find("verdict")
}
