use std::process::{ExitCode, Termination};

/// How a command ended. `main` may return it, or `io::Result<Exit>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Exit {
    /// All is well: 0.
    Success,
    /// A document differs from the file that was given: 1.
    Stale,
    /// The arguments make no sense, or name no variable of the configuration: 2.
    Usage,
    /// The configuration is invalid: 78, `EX_CONFIG` of sysexits.h.
    Invalid,
}

impl Exit {
    /// The exit code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Stale => 1,
            Self::Usage => 2,
            Self::Invalid => 78,
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
