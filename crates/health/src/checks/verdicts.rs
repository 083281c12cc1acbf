//! What the checks of servers say with the detail `verdict`.

use std::time::Duration;

use groundcrew_base::Verdict;

pub(super) fn up() -> Verdict {
    Verdict::healthy()
        .detail("connection", "ok")
        .detail("verdict", "up")
}

pub(super) fn frozen(limit: Duration) -> Verdict {
    unhealthy("frozen", format!("no answer within {limit:?}"))
}

pub(super) fn unhealthy(verdict: &'static str, reason: String) -> Verdict {
    Verdict::unhealthy(reason).detail("verdict", verdict)
}
