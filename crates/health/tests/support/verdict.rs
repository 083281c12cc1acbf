//! What checks say with the detail `verdict`.

use std::time::Duration;

use groundcrew_health::{Detail, Health, Verdict};
use groundcrew_testkit::eventually;

pub(crate) fn word(verdict: &Verdict) -> &str {
    match verdict.details().find("verdict") {
        Some(Detail::Text(word)) => word,
        other => panic!("no verdict but {other:?} in {verdict:?}"),
    }
}

/// Waits until the engine believes that the check of this name says `expected`.
pub(crate) async fn shows(health: &Health, check: &str, expected: &str, limit: Duration) -> Verdict {
    eventually(limit, expected, async || {
        let verdict = health.report().check(check)?.verdict.clone();
        let found = verdict.details().find("verdict") == Some(&Detail::from(expected.to_owned()));
        found.then_some(verdict)
    })
    .await
}
