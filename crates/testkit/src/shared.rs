use std::{
    process,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::Mutex;
use tokio_postgres::Config;
use url::Url;

use crate::{
    database::{Database, Given, Host},
    error::Error,
    given,
    postgres::{self, Postgres},
    redis::{self, Redis},
    redis_cluster::{self, RedisCluster},
};

/// Creates an empty database on the server that the tests of this process share.
///
/// The first caller starts the server, the last database dropped ends it. `TESTKIT_POSTGRES_URL` names a server
/// to use instead; its user must be allowed to create databases and connect without TLS.
///
/// # Errors
/// As [`Postgres::start`] and [`Postgres::database`]; [`Error::GivenUrl`] when `TESTKIT_POSTGRES_URL` is unusable.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// let database = groundcrew_testkit::database().await?;
/// assert!(database.url().starts_with("postgres://"));
/// # Ok(())
/// # }
/// ```
pub async fn database() -> Result<Database, Error> {
    static SHARED: Mutex<Weak<postgres::Inner>> = Mutex::const_new(Weak::new());
    if let Some(url) = given::variable(POSTGRES_URL) {
        return Database::create(Host::Given(Arc::new(given_postgres(&url)?))).await;
    }
    let server = {
        let mut shared = SHARED.lock().await;
        match shared.upgrade() {
            Some(inner) => Postgres(inner),
            None => {
                let server = Postgres::builder()
                    .setting("max_connections", "300")
                    .start()
                    .await?;
                *shared = Arc::downgrade(&server.0);
                server
            }
        }
    };
    server.database().await
}

/// Takes part in the Redis server that the tests of this process share.
///
/// The first caller starts it, the last handle dropped ends it. Keys are kept apart by
/// [`prefix`](SharedRedis::prefix). `TESTKIT_REDIS_URL` names a server to use instead.
///
/// # Errors
/// As [`Redis::start`]; [`Error::GivenUrl`] when `TESTKIT_REDIS_URL` is unusable.
pub async fn redis() -> Result<SharedRedis, Error> {
    static SHARED: Mutex<Weak<redis::Inner>> = Mutex::const_new(Weak::new());
    if let Some(url) = given::variable(REDIS_URL) {
        Url::parse(&url).map_err(|error| Error::GivenUrl {
            variable: REDIS_URL,
            reason: error.to_string(),
        })?;
        return Ok(SharedRedis::new(url, None));
    }
    let mut shared = SHARED.lock().await;
    let server = match shared.upgrade() {
        Some(inner) => Redis(inner),
        None => {
            let server = Redis::start().await?;
            *shared = Arc::downgrade(&server.0);
            server
        }
    };
    Ok(SharedRedis::new(server.url(), Some(server)))
}

/// Takes part in the Redis Cluster that the tests of this process share.
///
/// The first caller starts it, which takes about 2.2 s, the last handle dropped ends it. Keys are kept apart by
/// [`prefix`](SharedRedisCluster::prefix).
///
/// # Errors
/// As [`RedisCluster::start`].
pub async fn redis_cluster() -> Result<SharedRedisCluster, Error> {
    static SHARED: Mutex<Weak<redis_cluster::Inner>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    let cluster = match shared.upgrade() {
        Some(inner) => RedisCluster(inner),
        None => {
            let cluster = RedisCluster::start().await?;
            *shared = Arc::downgrade(&cluster.0);
            cluster
        }
    };
    Ok(SharedRedisCluster {
        cluster,
        prefix: unique_prefix(),
    })
}

/// A share in a Redis Cluster that other tests use too.
#[derive(Clone, Debug)]
pub struct SharedRedisCluster {
    cluster: RedisCluster,
    prefix: String,
}

impl SharedRedisCluster {
    /// One URL for a client that knows clusters.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url()
    }

    /// What this test's keys must begin with, such as `test:4711:3:9f2c:`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The cluster. Do not pause or stop its servers: others use them.
    #[must_use]
    pub const fn cluster(&self) -> &RedisCluster {
        &self.cluster
    }
}

/// A share in a Redis server that other tests use too.
#[derive(Clone, Debug)]
pub struct SharedRedis {
    url: String,
    prefix: String,
    server: Option<Redis>,
}

impl SharedRedis {
    fn new(url: String, server: Option<Redis>) -> Self {
        Self {
            url,
            prefix: unique_prefix(),
            server,
        }
    }

    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What this test's keys must begin with, such as `test:4711:3:9f2c:`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The server; `None` when `TESTKIT_REDIS_URL` gave it. Do not pause or stop it: others use it.
    #[must_use]
    pub const fn server(&self) -> Option<&Redis> {
        self.server.as_ref()
    }
}

/// A key prefix that no other test has, in this process or another.
fn unique_prefix() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("test:{}:{number}:{:04x}:", process::id(), fastrand::u16(..))
}

fn given_postgres(url: &str) -> Result<Given, Error> {
    let unusable = |reason: String| Error::GivenUrl {
        variable: POSTGRES_URL,
        reason,
    };
    Ok(Given {
        url: Url::parse(url).map_err(|error| unusable(error.to_string()))?,
        config: url
            .parse::<Config>()
            .map_err(|error| unusable(error.to_string()))?,
    })
}

const POSTGRES_URL: &str = "TESTKIT_POSTGRES_URL";
const REDIS_URL: &str = "TESTKIT_REDIS_URL";
