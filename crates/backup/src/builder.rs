use std::sync::Arc;

use groundcrew_base::{Clock, Secret};
use groundcrew_connect::{UrlError, postgres::PostgresUrl};

use crate::{Backup, BackupConfig, Catalog, Error, Storage, backup::Parts};

/// Sets up a [`Backup`].
#[must_use = "call build()"]
pub struct BackupBuilder {
    address: Address,
    storage: Arc<dyn Storage>,
    config: BackupConfig,
    clock: Clock,
}

/// Where the database is: as it was written, or read already.
pub(crate) enum Address {
    Text(Secret),
    Ready(Box<PostgresUrl>),
}

impl Address {
    fn read(self) -> Result<PostgresUrl, UrlError> {
        match self {
            Self::Text(text) => text.expose().parse(),
            Self::Ready(url) => Ok(*url),
        }
    }
}

impl BackupBuilder {
    pub(crate) fn new(address: Address, storage: Arc<dyn Storage>) -> Self {
        Self {
            address,
            storage,
            config: BackupConfig::default(),
            clock: Clock::system(),
        }
    }

    /// The settings; default [`BackupConfig::default`].
    pub fn config(mut self, config: BackupConfig) -> Self {
        self.config = config;
        self
    }

    /// What tells the time for ids and retention; default the machine's clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// When a setting, the schedule or the URL does not fit.
    pub fn build(self) -> Result<Backup, Error> {
        self.config.check()?;
        #[cfg(feature = "schedule")]
        let schedule = self.config.schedule.parse()?;
        let url = self.address.read()?;
        Ok(Backup::new(Parts {
            url: url.with_application_name("backup"),
            catalog: Catalog::new(self.storage),
            config: self.config,
            clock: self.clock,
            #[cfg(feature = "schedule")]
            schedule,
        }))
    }
}

impl std::fmt::Debug for BackupBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupBuilder")
            .field("storage", &self.storage.location())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
