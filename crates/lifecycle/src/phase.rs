use std::fmt;

/// Where a service is between its first and its last line, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Phase {
    /// It waits for what it needs. Not ready.
    Starting,
    /// It serves.
    Ready,
    /// It is about to stop: no longer ready, still serving whoever has not noticed yet.
    Draining,
    /// It accepts nothing new, finishes what is in flight and closes what it owns.
    Stopping,
    /// All is closed.
    Stopped,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [
        Self::Starting,
        Self::Ready,
        Self::Draining,
        Self::Stopping,
        Self::Stopped,
    ];

    /// The name in lower case, as it stands in logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
