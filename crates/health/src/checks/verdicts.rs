//! What the checks of servers say with the detail `verdict`.

use std::time::Duration;

#[cfg(any(feature = "postgres", feature = "redis"))]
use groundcrew_base::Detail;
use groundcrew_base::Verdict;
#[cfg(any(feature = "postgres", feature = "tls"))]
use groundcrew_base::error_text;
#[cfg(any(feature = "postgres", feature = "tls"))]
use groundcrew_connect::tls::TlsError;

pub(super) fn up() -> Verdict {
    Verdict::healthy()
        .detail("connection", "ok")
        .detail("verdict", "up")
}

pub(super) fn frozen(limit: Duration) -> Verdict {
    unhealthy("frozen", format!("no answer within {limit:?}"))
}

/// Frozen, unless it was this side that has kept it waiting.
#[cfg(any(feature = "postgres", feature = "tls"))]
pub(super) fn late(reading: Option<TlsError>, limit: Duration) -> Verdict {
    reading.map_or_else(|| frozen(limit), |slow| unhealthy("error", error_text(&slow)))
}

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(super) fn is_frozen(verdict: &Verdict) -> bool {
    verdict.details().find("verdict") == Some(&Detail::from("frozen"))
}

/// It answers others: whoever takes it for dead sends their load elsewhere.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(super) fn busy(limit: Duration) -> Verdict {
    Verdict::degraded(format!("no answer within {limit:?}, but real work has some"))
        .detail("connection", "ok")
        .detail("verdict", "busy")
}

pub(super) fn unhealthy(verdict: &'static str, reason: String) -> Verdict {
    Verdict::unhealthy(reason).detail("verdict", verdict)
}
