//! How the larger parts join a service: metrics, health and stop in one call.

#[cfg(feature = "dbopt")]
mod database {
    use groundcrew_dbopt::Db;
    use groundcrew_health::{Registration, checks::PostgresCheck};
    use groundcrew_metrics::DatabaseFigures;

    use crate::service::{Service, ServiceError, composition::DATABASE, shared_check::SharedCheck};

    impl Service {
        /// Adds the database: the start waits for it, `database` in `/api/health` watches it with the pool's
        /// own evidence, its metrics are registered, and it is closed after the last request.
        ///
        /// # Errors
        /// When its metrics are registered already.
        pub fn database(&mut self, db: &Db) -> Result<&mut Self, ServiceError> {
            db.register_metrics(self.registry())?;
            let check = PostgresCheck::new(db.url().clone()).evidence(db.clone());
            let check = SharedCheck::new(check);
            self.lifecycle().require(DATABASE, check.clone());
            self.check(Registration::new(DATABASE, check));
            let pool = db.clone();
            self.database = Some(Box::new(move |healthy| {
                let stats = pool.stats();
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                DatabaseFigures::new(healthy).connections(count(stats.in_use), count(stats.max_size))
            }));
            let db = db.clone();
            self.lifecycle()
                .on_stop(DATABASE, async move |deadline| db.shutdown(deadline).await);
            Ok(self)
        }
    }
}

#[cfg(feature = "cache")]
mod cache {
    use groundcrew_cache::Cache;
    use groundcrew_connect::redis::RedisUrl;
    use groundcrew_health::{Registration, checks::RedisCheck};
    use groundcrew_metrics::CacheFigures;

    use crate::service::{Service, ServiceError};

    impl Service {
        /// Adds the cache: `redis` in `/api/health` watches its server, if it has one, as something the
        /// service can do without; its metrics are registered, and it is closed after the last request.
        ///
        /// # Errors
        /// When its metrics are registered already.
        pub fn cache(&mut self, cache: &Cache, redis: Option<RedisUrl>) -> Result<&mut Self, ServiceError> {
            cache.register_metrics(self.registry())?;
            if let Some(url) = redis {
                self.check(
                    Registration::new("redis", RedisCheck::new(url).evidence(cache.clone())).optional(),
                );
            }
            let figures = cache.clone();
            self.performance = self.performance.clone().cache(move || {
                let stats = figures.stats();
                CacheFigures::new(stats.hits(), stats.misses())
            });
            let cache = cache.clone();
            self.lifecycle()
                .on_stop("cache", async move |deadline| cache.shutdown(deadline).await);
            Ok(self)
        }
    }
}

#[cfg(feature = "backup")]
mod backup {
    use std::time::Duration;

    use groundcrew_backup::Backup;
    use groundcrew_health::Registration;

    use crate::service::{Service, ServiceError};

    impl Service {
        /// Adds backups: they run by their schedule, `backup` in `/api/health` informs about the age of the
        /// newest, their metrics are registered, and what runs is ended cleanly by a stop.
        ///
        /// # Errors
        /// When their metrics are registered already.
        pub fn backup(&mut self, backup: &Backup) -> Result<&mut Self, ServiceError> {
            backup.register_metrics(self.registry())?;
            let freshness = Registration::new("backup", backup.freshness());
            self.check(freshness.informational().interval(Duration::from_mins(1)));
            backup.start_schedule();
            let backup = backup.clone();
            self.lifecycle()
                .on_stop("backup", async move |deadline| backup.shutdown(deadline).await);
            Ok(self)
        }
    }
}
