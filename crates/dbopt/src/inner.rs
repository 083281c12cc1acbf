use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Metrics, Object, Pool, PoolError, RecyclingMethod, Runtime,
    TimeoutType, Timeouts,
};
use groundcrew_connect::postgres::{PostgresTls, PostgresUrl};
use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    DbConfig, Error, PoolPlan, ServerLimits, Sizing, Step,
    checkouts::Checkouts,
    connector::{Connector, Password},
    sink::Sink,
    stats::Counters,
};

/// What every clone of a handle shares.
pub(crate) struct Inner {
    pub(crate) pool: Pool,
    pub(crate) config: DbConfig,
    pub(crate) sizing: Sizing,
    pub(crate) url: PostgresUrl,
    pub(crate) tls: PostgresTls,
    pub(crate) checkouts: Checkouts,
    pub(crate) counters: Counters,
    pub(crate) sink: Sink,
    /// The tasks that cancel, clean and reap.
    pub(crate) tasks: TaskTracker,
    /// The tasks that drive connections; each ends with its connection.
    pub(crate) connections: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) runtime: Handle,
}

impl Inner {
    pub(crate) fn start(
        config: DbConfig,
        sizing: Sizing,
        url: PostgresUrl,
        password: Option<Password>,
    ) -> Result<Arc<Self>, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::Config {
            name: "runtime",
            why: "no tokio runtime is running",
        })?;
        let tls = url.connector()?;
        let connections = TaskTracker::new();
        let connector = Connector {
            tls: tls.clone(),
            password,
            connect_timeout: config.connect_timeout,
            tasks: connections.clone(),
            runtime: runtime.clone(),
        };
        let plan = PoolPlan::new(&sizing, &ServerLimits::assumed(config.max_connections));
        let inner = Arc::new(Self {
            pool: pool(&config, &url, connector, usize::from(plan.max))?,
            config,
            sizing,
            url,
            tls,
            checkouts: Checkouts::default(),
            counters: Counters::default(),
            sink: Sink::default(),
            tasks: TaskTracker::new(),
            connections,
            stop: CancellationToken::new(),
            runtime,
        });
        let reaper = reap(Arc::downgrade(&inner), inner.stop.clone(), usize::from(plan.min));
        inner.tasks.spawn_on(reaper, &inner.runtime);
        Ok(inner)
    }

    /// Takes a connection from the pool, or opens one.
    pub(crate) async fn acquire(&self) -> Result<Object, Error> {
        let (wait, connect) = (self.config.acquire_timeout, self.config.connect_timeout);
        let timeouts = Timeouts {
            wait: Some(wait),
            create: Some(connect),
            recycle: Some(PING_TIMEOUT),
        };
        let started = Instant::now();
        // Checks of several dead connections in a row must not add up.
        let acquired = match timeout(wait + connect, self.pool.timeout_get(&timeouts)).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(error)) => Err(self.explain(error, started.elapsed())),
            Err(_) => Err(Error::Timeout {
                step: Step::Connect,
                after: wait + connect,
            }),
        };
        self.note_acquired(acquired.as_ref().err());
        acquired
    }

    fn explain(&self, error: PoolError, waited: Duration) -> Error {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => {
                let status = self.pool.status();
                Error::PoolExhausted {
                    waited,
                    max_size: status.max_size,
                    in_use: self.checkouts.len(),
                    waiting: status.waiting,
                }
            }
            PoolError::Timeout(_) => Error::Timeout {
                step: Step::Connect,
                after: self.config.connect_timeout,
            },
            PoolError::Backend(source) | PoolError::PostCreateHook(HookError::Backend(source)) => {
                Error::connecting(source)
            }
            PoolError::Closed => Error::ShutDown,
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(HookError::Message(_)) => {
                Error::Config {
                    name: "pool",
                    why: "the pool's hooks or runtime are not set up",
                }
            }
        }
    }

    /// Counts, and tells once when the pool becomes exhausted and once when it is no longer.
    fn note_acquired(&self, error: Option<&Error>) {
        match error {
            Some(Error::PoolExhausted {
                max_size, waiting, ..
            }) => {
                if self.counters.note_exhausted() {
                    tracing::warn!(
                        target: "groundcrew::dbopt",
                        severity = "warning",
                        alert.key = "db_pool_exhausted",
                        alert.state = "firing",
                        max_size,
                        waiting,
                        "database pool exhausted"
                    );
                }
            }
            Some(error) if error.blames_server() => self.counters.note_failure(),
            Some(_) => {}
            None => {
                if self.counters.note_recovered() {
                    tracing::info!(
                        target: "groundcrew::dbopt",
                        severity = "warning",
                        alert.key = "db_pool_exhausted",
                        alert.state = "resolved",
                        "database pool has free connections again"
                    );
                }
            }
        }
    }
}

fn pool(config: &DbConfig, url: &PostgresUrl, connector: Connector, max: usize) -> Result<Pool, Error> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_connect(url.config().clone(), connector, recycling);
    let (ping_after, max_lifetime, epoch) = (config.ping_after, config.max_lifetime, Instant::now());
    let check = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, metrics| {
        Box::pin(async move {
            if metrics.age() > lifetime(max_lifetime, metrics, epoch) {
                return Err(HookError::message("the connection is too old"));
            }
            if metrics.last_used() <= ping_after {
                return Ok(());
            }
            match timeout(PING_TIMEOUT, client.simple_query("")).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(HookError::Backend(error)),
                Err(_) => Err(HookError::message("no sign of life")),
            }
        })
    });
    Pool::builder(manager)
        .max_size(max)
        .runtime(Runtime::Tokio1)
        .pre_recycle(check)
        .build()
        .map_err(|_| Error::Config {
            name: "pool",
            why: "deadlines need a runtime",
        })
}

/// Closes what was idle or alive for too long, once a second.
async fn reap(inner: Weak<Inner>, stop: CancellationToken, min: usize) {
    let mut ticks = interval(REAP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let epoch = Instant::now();
    loop {
        if stop.run_until_cancelled(ticks.tick()).await.is_none() {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        let mut left = inner.pool.status().size;
        let config = &inner.config;
        inner.pool.retain(|client, metrics| {
            let idle = metrics.last_used() > config.idle_timeout && left > min;
            let old = metrics.age() > lifetime(config.max_lifetime, &metrics, epoch);
            let keep = !client.is_closed() && !idle && !old;
            left -= usize::from(!keep);
            keep
        });
    }
}

/// The age at which a connection is replaced. Those opened together end apart, by up to a tenth: the spread
/// comes from the instant of birth, so that it is the same at each look.
fn lifetime(most: Duration, metrics: &Metrics, epoch: Instant) -> Duration {
    let spread = metrics.created.saturating_duration_since(epoch).subsec_micros() % 16;
    most.saturating_sub(most / 160 * spread)
}

const PING_TIMEOUT: Duration = Duration::from_secs(1);
const REAP_EVERY: Duration = Duration::from_secs(1);
