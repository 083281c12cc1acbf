use serde::{Deserialize, Serialize};

/// What a process is run for; `NODE_ENV`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Environment {
    /// On a developer's machine. The default.
    #[default]
    Development,
    /// In a test.
    Test,
    /// Before production.
    Staging,
    /// For users.
    Production,
}

impl Environment {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub const fn is_development(self) -> bool {
        matches!(self, Self::Development)
    }

    /// Whether nobody but developers and tests use it.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Development | Self::Test)
    }

    /// Whether this is before production.
    #[must_use]
    pub const fn is_staging(self) -> bool {
        matches!(self, Self::Staging)
    }

    /// Whether this is for users.
    #[must_use]
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }
}
