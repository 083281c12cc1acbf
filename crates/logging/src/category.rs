use tracing::Metadata;

/// Logs what a player has done: an event of level info with `category = "game"` and `action`, and the message
/// `Game action: ` with the action.
///
/// The action is anything that can be displayed; fields follow as in `tracing`'s macros. As in all macros of this
/// crate, target, file and line are the caller's. The current span gives the context, or a
/// [`LogContext`](crate::LogContext) with `context:`.
///
/// # Examples
/// ```
/// use groundcrew_logging::{LogContext, game_action};
///
/// game_action!("raise", amount = 25, table = %"t-7");
/// game_action!(context: LogContext::new().hand_id("h-4").user_id("u-9"), "fold");
/// ```
#[macro_export]
macro_rules! game_action {
    (context: $context:expr, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$context, || $crate::game_action!($($event)+))
    };
    ($action:expr $(, $($fields:tt)*)?) => {{
        let action = &$action;
        $crate::__tracing::info!(
            { category = "game", action = %action, $($($fields)*)? },
            "Game action: {}",
            action
        )
    }};
}

/// Logs something that concerns security: an event of level warn with `category = "security"` and `event`, and the
/// message `Security event: ` with the event.
///
/// Otherwise as [`game_action!`](crate::game_action).
///
/// # Examples
/// ```
/// groundcrew_logging::security_event!("login refused", attempts = 3);
/// ```
#[macro_export]
macro_rules! security_event {
    (context: $context:expr, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$context, || $crate::security_event!($($event)+))
    };
    ($event:expr $(, $($fields:tt)*)?) => {{
        let event = &$event;
        $crate::__tracing::warn!(
            { category = "security", event = %event, $($($fields)*)? },
            "Security event: {}",
            event
        )
    }};
}

/// Logs that a measure is beyond its limit: an event of level warn with `category = "performance"`, `metric`, `value`
/// and `threshold`, and the message `Performance issue: ` with the metric.
///
/// Value and threshold are numbers; name their unit in the metric. Otherwise as
/// [`game_action!`](crate::game_action).
///
/// # Examples
/// ```
/// groundcrew_logging::performance_issue!("query_ms", 812.5, 500, query = "hands by table");
/// ```
#[macro_export]
macro_rules! performance_issue {
    (context: $context:expr, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$context, || $crate::performance_issue!($($event)+))
    };
    ($metric:expr, $value:expr, $threshold:expr $(, $($fields:tt)*)?) => {{
        let metric = &$metric;
        $crate::__tracing::warn!(
            {
                category = "performance",
                metric = %metric,
                value = $value,
                threshold = $threshold,
                $($($fields)*)?
            },
            "Performance issue: {}",
            metric
        )
    }};
}

/// Logs what cannot wait: an event of level error with `severity = "critical"`, counted as
/// [`EventCounts::critical`](crate::EventCounts::critical).
///
/// Takes what `tracing::error!` takes after a target. With the field `alert.key` it is an alert too.
///
/// # Examples
/// ```
/// use groundcrew_logging::{LogContext, critical};
///
/// let error = std::io::Error::other("no route to host");
/// critical!(error = &error as &dyn std::error::Error, alert.key = "ledger", "the ledger is unreachable");
/// critical!(context: LogContext::new().hand_id("h-4"), "hand {} cannot be settled", 4);
/// ```
#[macro_export]
macro_rules! critical {
    (context: $context:expr, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$context, || $crate::critical!($($event)+))
    };
    ($($event:tt)+) => {
        $crate::__tracing::error!(severity = "critical", $($event)+)
    };
}

/// Logs who did what to which thing, and how that went: an event of level info with `category = "audit"`, `actor`,
/// `action`, `resource` and `outcome`, and the message `Audit: ` with the action.
///
/// No level holds it back, nor does sampling or flood control, and a full queue treats it as an error. With
/// [`LoggingConfig::audit`](crate::LoggingConfig::audit) it is also in a file of its own.
///
/// The first four are named and can be displayed, the outcome is an [`AuditOutcome`]; fields follow.
///
/// # Examples
/// ```
/// use groundcrew_logging::{AuditOutcome, audit};
///
/// audit!(actor: "u-9", action: "table.close", resource: "table/7", outcome: AuditOutcome::Denied, seats = 4);
/// ```
#[macro_export]
macro_rules! audit {
    (context: $context:expr, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$context, || $crate::audit!($($event)+))
    };
    (
        actor: $actor:expr, action: $action:expr, resource: $resource:expr, outcome: $outcome:expr
        $(, $($fields:tt)*)?
    ) => {{
        let action = &$action;
        let outcome: $crate::AuditOutcome = $outcome;
        $crate::__tracing::event!(
            name: "audit",
            $crate::__tracing::Level::INFO,
            {
                category = "audit",
                actor = %$actor,
                action = %action,
                resource = %$resource,
                outcome = outcome.name(),
                $($($fields)*)?
            },
            "Audit: {}",
            action
        )
    }};
}

/// How what an audit event tells of went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Denied,
    /// It was tried and went wrong.
    Failed,
}

impl AuditOutcome {
    /// As it stands on a line: `success`, `denied` or `failed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// Whether a callsite is one of [`audit!`](crate::audit).
pub(crate) fn is_audit(metadata: &Metadata<'_>) -> bool {
    // A callsite has `event FILE:LINE` for its name unless it was given another one.
    metadata.is_event() && metadata.name() == AUDIT && metadata.fields().field("category").is_some()
}

/// The name of the callsites of audit events.
const AUDIT: &str = "audit";
