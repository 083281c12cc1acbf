use groundcrew_base::{Detail, Verdict};

/// It does not work, and asking again does not help.
#[cfg(any(feature = "http", feature = "postgres", feature = "redis"))]
pub(super) fn permanent(reason: impl Into<std::borrow::Cow<'static, str>>) -> Verdict {
    Verdict::unhealthy(reason).detail(PERMANENT, true)
}

/// Whether the check says so.
pub(super) fn is_permanent(verdict: &Verdict) -> bool {
    verdict.details().find(PERMANENT) == Some(&Detail::Bool(true))
}

/// The detail that every check may set.
const PERMANENT: &str = "permanent";
