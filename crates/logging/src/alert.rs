use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Serialize};
use tracing::Level;

mod bucket;
#[cfg(feature = "alerts")]
mod config;
mod context;
mod desk;
mod digest;
mod draft;
#[cfg(feature = "alerts")]
mod http;
mod identity;
mod incidents;
#[cfg(feature = "alerts")]
mod pagerduty;
mod policy;
mod queue;
mod reading;
mod rule;
mod sink;
#[cfg(feature = "alerts")]
mod slack;
#[cfg(feature = "alerts")]
mod webhook;

#[cfg(feature = "alerts")]
pub use self::{
    config::{AlertOn, AlertsConfig},
    http::AlertTransportError,
    pagerduty::PagerDuty,
    slack::Slack,
    webhook::Webhook,
};
pub use self::{
    context::AlertContext,
    policy::AlertPolicy,
    rule::AlertRule,
    sink::{AlertError, AlertReply, AlertSink},
};
pub(crate) use self::{
    desk::{AlertDesk, AlertRoute, Origin},
    queue::is_this_thread,
};

/// Something that an operator should know now: an event with the field `alert.key`, one that an
/// [`AlertRule`] picks, or a panic.
///
/// The fields of the event are `alert.key`, which tells alerts apart; `alert.state`, `firing` (the default)
/// or `resolved`; and `severity`. All texts are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// What the alert is about; the same key fires and resolves.
    ///
    /// Where masking has changed it, or it is longer than 1,024 bytes, `#` and 16 digits follow: a keyed hash of what the
    /// event said, so that `secret:db` and `secret:redis` stay two. They are the same after a restart and in other
    /// instances if there is a [key for hashes](crate::Redactor::hash_key). A key that is empty or blank says nothing:
    /// the alert has that of its callsite, as one of a rule.
    ///
    /// An alert that a rule makes of an event without `alert.key` has the event's callsite as its key, or the
    /// name of the rule, and the fields that the rule tells apart. A panic's is `panic/` and its location.
    pub key: String,
    /// Whether it begins or ends.
    pub state: AlertState,
    /// How grave it is, as the event says: by its field `severity`, else by its level.
    pub severity: String,
    /// The message of the event.
    pub message: String,
    /// The target of the event.
    pub target: String,
    /// The time of the event.
    pub time: SystemTime,
    /// The field `category` of the event.
    pub category: Option<String>,
    /// The other fields of the event and of its spans, as text; at most 24, none longer than 1,000 bytes.
    pub details: Vec<(String, String)>,
    /// How many more of the same were held back since this sink was last told; see [`AlertPolicy`].
    pub repeats: u64,
}

/// Whether an alert begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlertState {
    /// It begins, or is still there.
    Firing,
    /// It is over.
    Resolved,
}

/// How grave an alert is.
///
/// # Examples
/// ```
/// use groundcrew_logging::AlertSeverity;
///
/// assert!(AlertSeverity::Critical > AlertSeverity::Warning);
/// assert_eq!("fatal".parse(), Ok(AlertSeverity::Critical));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the four that PagerDuty knows")]
pub enum AlertSeverity {
    /// Worth knowing.
    Info,
    /// Something is about to go wrong.
    Warning,
    /// Something went wrong.
    Error,
    /// Somebody must act now.
    Critical,
}

impl Alert {
    /// How grave it is: [`Alert::severity`], where words that say nothing known count as an error.
    #[must_use]
    pub fn grade(&self) -> AlertSeverity {
        self.severity.parse().unwrap_or(AlertSeverity::Error)
    }

    /// Whether it begins or goes on.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.state == AlertState::Firing
    }
}

impl AlertState {
    /// `firing` or `resolved`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl AlertSeverity {
    /// `critical`, `error`, `warning` or `info`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// What an event of this level is that says nothing of its severity.
    pub(crate) const fn of_level(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warning,
            _ => Self::Info,
        }
    }
}

impl fmt::Display for AlertSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AlertSeverity {
    type Err = UnknownSeverity;

    /// Takes the four words, and those that other systems use for them, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
            .map(|&(_, severity)| severity)
            .ok_or(UnknownSeverity)
    }
}

/// The word is no severity: `critical`, `error`, `warning` or `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity, expected one of critical, error, warning, info")]
#[non_exhaustive]
pub struct UnknownSeverity;

/// The event's time, target and texts cut to what a message can hold.
pub(crate) fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most.saturating_sub(ELLIPSIS.len())));
        text.push_str(ELLIPSIS);
    }
}

pub(crate) const ELLIPSIS: &str = "…";

const WORDS: [(&str, AlertSeverity); 15] = [
    ("critical", AlertSeverity::Critical),
    ("fatal", AlertSeverity::Critical),
    ("emergency", AlertSeverity::Critical),
    ("alert", AlertSeverity::Critical),
    ("error", AlertSeverity::Error),
    ("high", AlertSeverity::Error),
    ("warning", AlertSeverity::Warning),
    ("warn", AlertSeverity::Warning),
    ("medium", AlertSeverity::Warning),
    ("info", AlertSeverity::Info),
    ("notice", AlertSeverity::Info),
    ("low", AlertSeverity::Info),
    ("debug", AlertSeverity::Info),
    ("trace", AlertSeverity::Info),
    ("ok", AlertSeverity::Info),
];
