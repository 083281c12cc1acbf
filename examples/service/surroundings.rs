//! The servers the card room runs on: those it was told, private ones in development, or none.

use std::{error::Error as StdError, sync::Arc};

use groundcrew::{
    backup::Storage,
    base::{Secret, redact},
    dbopt::DbConfig,
};
use groundcrew_testkit::{Database, Postgres, Redis};
use tempfile::TempDir;

use crate::settings::Settings;

/// What there is. Dropping it ends the private servers and removes their files.
pub(crate) struct Surroundings {
    pub database: Option<DbConfig>,
    pub redis: Option<Secret>,
    pub storage: Option<Arc<dyn Storage>>,
    /// One line about each, for people.
    pub lines: Vec<String>,
    private: Private,
}

/// Held for its end alone.
#[derive(Default)]
struct Private {
    // Dropped in this order: the database before its server.
    database: Option<Database>,
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    directory: Option<TempDir>,
}

impl Surroundings {
    /// Looks at the settings, and starts what is missing where the programs for it are installed.
    pub(crate) async fn find(settings: &Settings) -> Result<Self, Box<dyn StdError>> {
        let mut found = Self {
            database: settings.database.clone(),
            redis: settings.cache.redis_url.clone(),
            storage: None,
            lines: Vec::new(),
            private: Private::default(),
        };
        let private = settings.service.environment.is_local() && settings.private_servers;
        found.find_database(private).await?;
        found.find_redis(private).await?;
        found.find_storage(settings)?;
        Ok(found)
    }

    async fn find_database(&mut self, private: bool) -> Result<(), Box<dyn StdError>> {
        if let Some(config) = &self.database {
            self.say(format!("database: {}", redact(config.url.expose())));
            return Ok(());
        }
        if !private || Postgres::available().is_err() {
            self.say("database: none, the books are kept in memory".to_owned());
            return Ok(());
        }
        let postgres = Postgres::start().await?;
        let database = postgres.database().await?;
        let mut config = DbConfig::default();
        config.url = database.url().into();
        self.say(format!(
            "database: a private PostgreSQL on {}, gone when this ends",
            postgres.addr()
        ));
        self.database = Some(config);
        self.private.database = Some(database);
        self.private.postgres = Some(postgres);
        Ok(())
    }

    async fn find_redis(&mut self, private: bool) -> Result<(), Box<dyn StdError>> {
        if let Some(url) = &self.redis {
            self.say(format!("cache: memory and {}", redact(url.expose())));
            return Ok(());
        }
        if !private || Redis::available().is_err() {
            self.say("cache: memory alone".to_owned());
            return Ok(());
        }
        let redis = Redis::start().await?;
        self.say(format!(
            "cache: memory and a private Redis on {}, gone when this ends",
            redis.addr()
        ));
        self.redis = Some(redis.url().into());
        self.private.redis = Some(redis);
        Ok(())
    }

    fn find_storage(&mut self, settings: &Settings) -> Result<(), Box<dyn StdError>> {
        if self.database.is_none() {
            self.say("backups: none, they need PostgreSQL".to_owned());
            return Ok(());
        }
        let mut config = settings.backup_storage.clone();
        let mut note = "";
        if config.bucket.is_none() && config.directory.is_none() {
            if !settings.service.environment.is_local() {
                self.say("backups: none, set BACKUP_BUCKET or BACKUP_DIR".to_owned());
                return Ok(());
            }
            let directory = tempfile::Builder::new().prefix("card-room-backups-").tempdir()?;
            config.directory = Some(directory.path().to_owned());
            self.private.directory = Some(directory);
            note = ", gone when this ends";
        }
        let storage = config.open()?;
        self.say(format!("backups: {}{note}", storage.location()));
        self.storage = Some(storage);
        Ok(())
    }

    fn say(&mut self, line: String) {
        tracing::info!(target: "card_room", "{line}");
        self.lines.push(line);
    }
}
