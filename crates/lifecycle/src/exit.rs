use std::process::{ExitCode, Termination};

/// How the process ends. A `main` can return it.
///
/// | code | variant | meaning |
/// |---|---|---|
/// | 0 | [`Clean`](Self::Clean) | all was finished |
/// | 1 | [`Error`](Self::Error) | a critical task or a stop hook failed |
/// | 69 | [`Unavailable`](Self::Unavailable) | a required dependency did not come up |
/// | 70 | [`Panic`](Self::Panic) | a critical task panicked |
/// | 78 | [`Config`](Self::Config) | the configuration is wrong, or a dependency refuses for good |
/// | 124 | [`DeadlineExceeded`](Self::DeadlineExceeded) | work was abandoned at a deadline |
/// | 128+n | [`Forced`](Self::Forced) | signal n came again while stopping, or when no lifecycle was left |
///
/// Where several apply, the one that stands last in the order Clean, `DeadlineExceeded`, Error,
/// Unavailable, Config, Panic, Forced is reported.
///
/// # Examples
/// ```
/// use groundcrew_lifecycle::Exit;
///
/// assert_eq!(Exit::Clean.code(), 0);
/// assert_eq!(Exit::Forced(15).code(), 143);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[must_use]
pub enum Exit {
    /// All was finished: 0.
    #[default]
    Clean,
    /// Work was abandoned at a deadline: 124.
    DeadlineExceeded,
    /// A critical task or a stop hook failed: 1.
    Error,
    /// A required dependency did not come up in time: 69.
    Unavailable,
    /// The configuration is wrong, or a dependency refuses for good: 78.
    Config,
    /// A critical task panicked: 70.
    Panic,
    /// This signal came while the service was already stopping: 128 + its number.
    Forced(u8),
}

impl Exit {
    /// The process exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::DeadlineExceeded => 124,
            Self::Error => 1,
            Self::Unavailable => 69,
            Self::Config => 78,
            Self::Panic => 70,
            Self::Forced(signal) => 128_u8.saturating_add(signal),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_reason_wins() {
        let worst = [Exit::Error, Exit::Panic, Exit::Clean, Exit::DeadlineExceeded]
            .into_iter()
            .max();

        assert_eq!(worst, Some(Exit::Panic));
    }
}
