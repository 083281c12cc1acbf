use groundcrew_backup::{Backup, BackupConfig, storage::StorageConfig};
use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_envcfg::{Checks, Config};

use crate::failure::Failure;

/// What the environment says about backups.
#[derive(Debug, Config)]
#[config(check = Self::fits)]
pub(crate) struct Settings {
    /// The database, as a postgres:// URL
    #[config(env = "DATABASE_URL", secret)]
    database_url: PostgresUrl,
    #[config(nested)]
    backup: BackupConfig,
    #[config(nested)]
    storage: StorageConfig,
}

impl Settings {
    /// Sets up the backups. Does not connect.
    pub(crate) fn open(self) -> Result<Backup, Failure> {
        let storage = self.storage.open()?;
        let backup = Backup::builder_for(self.database_url, storage).config(self.backup);
        Ok(backup.build()?)
    }

    fn fits(&self, checks: &mut Checks<'_, '_>) {
        if let Err(error) = self.storage.open() {
            checks.add_overall(error.to_string());
        }
    }
}
