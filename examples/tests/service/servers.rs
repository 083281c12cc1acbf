//! The servers that a service under test is told to use.

use std::collections::BTreeMap;

use groundcrew_testkit::{self as testkit, Database, Postgres, Redis, S3, SharedRedis};

/// What is set in the environment of the service.
pub(crate) type Variables = BTreeMap<&'static str, String>;

/// A database, a cache and a bucket for one service, on servers that the tests share.
pub(crate) struct Shared {
    pub(crate) database: Database,
    pub(crate) redis: SharedRedis,
    pub(crate) s3: S3,
}

impl Shared {
    pub(crate) async fn start() -> Self {
        Self {
            database: testkit::database().await.unwrap(),
            redis: testkit::redis().await.unwrap(),
            s3: S3::start().await.unwrap(),
        }
    }

    pub(crate) fn variables(&self) -> Variables {
        let mut variables = variables(self.database.url(), self.redis.url().to_owned(), &self.s3);
        variables.insert("REDIS_KEY_PREFIX", self.redis.prefix().to_owned());
        variables
    }
}

/// The same on servers of its own, which may be frozen and killed.
pub(crate) struct Private {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    pub(crate) s3: S3,
}

impl Private {
    pub(crate) async fn start() -> Self {
        let redis = Redis::builder().password(REDIS_PASSWORD).start();
        let (postgres, redis, s3) = tokio::join!(Postgres::start(), redis, S3::start());
        Self {
            postgres: postgres.unwrap(),
            redis: redis.unwrap(),
            s3: s3.unwrap(),
        }
    }

    pub(crate) fn variables(&self) -> Variables {
        variables(self.postgres.url(), self.redis.url(), &self.s3)
    }
}

/// Ports are the kernel's choice; the rate limit and how full this machine happens to be are out of the way.
fn variables(database: String, redis: String, s3: &S3) -> Variables {
    Variables::from([
        ("PORT", "0".to_owned()),
        ("HEALTH_ADDR", "127.0.0.1:0".to_owned()),
        ("DATABASE_URL", database),
        // Services of several tests share a server, and its connections.
        ("DATABASE_POOL_SIZE", "5".to_owned()),
        ("REDIS_URL", redis),
        ("BACKUP_BUCKET", s3.bucket().to_owned()),
        ("AWS_REGION", s3.region().to_owned()),
        ("AWS_ENDPOINT_URL", s3.endpoint()),
        ("AWS_ACCESS_KEY_ID", s3.access_key().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", s3.secret_key().to_owned()),
        ("RATE_LIMIT_MAX_REQUESTS", "10000".to_owned()),
        ("DISK_DEGRADED_PERCENT", "100".to_owned()),
        ("DISK_UNHEALTHY_PERCENT", "100".to_owned()),
        ("MEMORY_DEGRADED_PERCENT", "100".to_owned()),
        ("MEMORY_UNHEALTHY_PERCENT", "100".to_owned()),
    ])
}

pub(crate) const REDIS_PASSWORD: &str = "redis-password-that-nobody-may-see";
