use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use groundcrew_base::{Check, ShutdownReport};
use groundcrew_health::{Health, HealthBuilder, Registration};
use groundcrew_lifecycle::Lifecycle;
use groundcrew_logging::Logging;
use groundcrew_metrics::{
    BuildInfo, CgroupCollector, HttpMetrics, Performance, ProcessCollector, RegisterError, Registry,
    SchedulingLag, TokioCollector, metrics_router, performance,
};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    time::{MissedTickBehavior, interval},
};

use super::{
    Bound, ServiceBuilder, ServiceConfig, ServiceError, TARGET, probes::Probes, shared_check::SharedCheck,
};

/// A service made of the crates: one log, one registry, one lifecycle, one list of checks.
///
/// [`start`](ServiceBuilder::start) takes over log, panics and signals, and answers probes: it lives and is not ready. Then the
/// parts are added, each with its metrics, its health check and its place in the stop. [`bind`](Self::bind) opens the main
/// listener and [`Bound::run`] runs to the exit code.
///
/// # Examples
/// ```no_run
/// use std::process::ExitCode;
///
/// use groundcrew::{
///     Service,
///     axum::{Router, routing::get},
///     base::{Verdict, error_text},
///     health::Registration,
/// };
///
/// #[tokio::main]
/// async fn main() -> ExitCode {
///     match run().await {
///         Ok(code) => code,
///         Err(error) => {
///             eprintln!("{}", error_text(&error));
///             error.exit().into()
///         }
///     }
/// }
///
/// async fn run() -> Result<ExitCode, groundcrew::ServiceError> {
///     let mut service = Service::builder("greeter", env!("CARGO_PKG_VERSION")).start()?;
///     service.check(Registration::new("mood", || async { Verdict::healthy() }).optional());
///     let bound = service.bind(Router::new().route("/", get(|| async { "hello" }))).await?;
///     Ok(bound.run().await.into())
/// }
/// ```
pub struct Service {
    version: String,
    config: ServiceConfig,
    logging: Logging,
    lifecycle: Lifecycle,
    registry: Registry,
    http: HttpMetrics,
    pub(super) performance: Performance,
    lag: Option<SchedulingLag>,
    checks: Vec<Registration>,
    probes: Arc<Probes>,
    pub(super) database: Option<DatabaseFiguresSource>,
}

/// Reads the pool, given what health says of the database.
pub(super) type DatabaseFiguresSource =
    Box<dyn Fn(bool) -> groundcrew_metrics::DatabaseFigures + Send + Sync>;

impl Service {
    /// Begins a service of that name and version, which stand in every line of its log.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder::new(name.into(), version.into())
    }

    pub(super) fn new(
        version: String,
        config: ServiceConfig,
        logging: Logging,
        lifecycle: Lifecycle,
        registry: Registry,
    ) -> Result<Self, ServiceError> {
        let lag = surroundings(&registry, &version)?;
        lifecycle.register_metrics(&registry)?;
        logging.register_metrics(&registry)?;
        let http = HttpMetrics::register(&registry)?;
        let figures = http.clone();
        let gate = lifecycle.gate();
        let starting = health(&version, &config, &lifecycle)
            .gate(move || gate().and(Err("the service is being made")))
            .start()?;
        let probes = Probes::open(config.health_addr, starting, metrics_router(&registry))?;
        let probes = Arc::new(probes);
        // Hooks run in reverse order: the log is the last to go, and probes are answered to the end.
        let (log, open) = (logging.clone(), Arc::clone(&probes));
        lifecycle.on_stop("log", async move |deadline| flush(&log, deadline));
        lifecycle.on_stop("probes", async move |deadline| open.close(deadline).await);
        let mut performance = performance();
        if registry.is_enabled() {
            performance = performance.http(move || figures.figures());
        }
        Ok(Self {
            version,
            config,
            logging,
            lifecycle,
            registry,
            http,
            performance,
            lag,
            checks: Vec::new(),
            probes,
            database: None,
        })
    }

    /// The log, for changing its level while it runs.
    pub const fn logging(&self) -> &Logging {
        &self.logging
    }

    /// The phases, the tasks and the stop.
    #[must_use]
    pub const fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The metrics, for adding your own.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Adds a health check.
    pub fn check(&mut self, registration: Registration) -> &mut Self {
        self.checks.push(registration);
        self
    }

    /// Adds a check that the start waits for too: without it the service ends with exit code 69.
    pub fn require(&mut self, name: &str, check: impl Check) -> &mut Self {
        let check = SharedCheck::new(check);
        self.lifecycle.require(name, check.clone());
        self.check(Registration::new(name, check))
    }

    /// Where probes and metrics are served, from the start on, by a thread of their own.
    #[must_use]
    pub fn probe_address(&self) -> SocketAddr {
        self.probes.address()
    }

    /// Opens the main listener with `router` and the service's own routes, which the listener of the probes has from now on too.
    /// Requests are answered; the service is ready when [`Bound::run`] says so.
    ///
    /// The routes added are `/livez`, `/readyz`, `/startupz`, `/healthz`, `/healthz/{check}`, `/api/health`,
    /// `/metrics` and `/api/performance`, and with the feature `grpc` gRPC's health service on the listener of the probes. Requests
    /// to `router` are counted and timed; those are not.
    ///
    /// # Errors
    /// When the address is taken, or a check's name does not fit. The service must end then.
    pub async fn bind(mut self, router: Router) -> Result<Bound, ServiceError> {
        let health = self.start_health()?;
        self.keep_measuring();
        let own = self.own_routes(&health);
        #[cfg(not(feature = "grpc"))]
        let asked = own.clone();
        // Not on the main listener: a server of gRPC may have a health service of its own there.
        #[cfg(feature = "grpc")]
        let asked = own.clone().merge(health.grpc_router());
        self.probes.serve(health, asked).await;
        let probe_address = self.probes.address();

        let address = SocketAddr::from((self.config.bind_addr, self.config.port));
        let taken = |source| ServiceError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = self.lifecycle.serve(listener, self.measured(router).merge(own))?;
        tracing::info!(target: TARGET, address = %address, probes = %probe_address, version = self.version, "bound");
        Ok(Bound::new(self.lifecycle, address, probe_address))
    }

    fn start_health(&mut self) -> Result<Health, ServiceError> {
        let builder = health(&self.version, &self.config, &self.lifecycle);
        let checks = std::mem::take(&mut self.checks);
        let health = checks
            .into_iter()
            .fold(builder, HealthBuilder::register)
            .start()?;
        health.register_metrics(&self.registry)?;
        Ok(health)
    }

    /// Lets `/api/performance` tell the last minutes, not only the whole life, and ends the probe of the runtime.
    fn keep_measuring(&mut self) {
        let (performance, lifecycle) = (self.performance.clone(), self.lifecycle.clone());
        let lag = self.lag.take();
        self.lifecycle.spawn("metrics", async move {
            let mut ticks = interval(Duration::from_secs(10));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let sampling = async {
                loop {
                    ticks.tick().await;
                    performance.sample();
                }
            };
            lifecycle.until_stopping::<()>(sampling).await;
            if let Some(lag) = lag {
                lag.stop().await;
            }
        });
    }

    fn measured(&self, router: Router) -> Router {
        if self.registry.is_enabled() {
            router.layer(self.http.layer())
        } else {
            router
        }
    }

    fn own_routes(&mut self, health: &Health) -> Router {
        let mut performance = self.performance.clone();
        if let Some(figures) = self.database.take() {
            let health = health.clone();
            performance = performance.database(move || figures(is_healthy(&health, DATABASE)));
        }
        health
            .router()
            .merge(metrics_router(&self.registry))
            .merge(performance.router())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("version", &self.version)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn health(version: &str, config: &ServiceConfig, lifecycle: &Lifecycle) -> HealthBuilder {
    let builder = Health::builder(version).config(config.health.clone());
    builder.gate(lifecycle.gate())
}

/// Registers what every service runs on: the process, its container, its runtime, its build.
fn surroundings(registry: &Registry, version: &str) -> Result<Option<SchedulingLag>, RegisterError> {
    let runtime = Handle::current();
    registry.collector(ProcessCollector::new())?;
    registry.collector(CgroupCollector::new())?;
    registry.collector(TokioCollector::new("main", runtime.clone()))?;
    registry.collector(BuildInfo::new(version))?;
    if registry.is_enabled() {
        SchedulingLag::start(registry, &runtime).map(Some)
    } else {
        Ok(None)
    }
}

/// The name of the database's check in `/api/health`.
pub(super) const DATABASE: &str = "database";

fn is_healthy(health: &Health, name: &str) -> bool {
    health
        .report()
        .check(name)
        .is_some_and(|check| check.status() == groundcrew_base::Status::Healthy)
}

fn flush(logging: &Logging, deadline: Duration) -> ShutdownReport {
    // The handle stays usable: what is logged after this hook is still written when it is dropped.
    match logging.flush(deadline) {
        Ok(()) => ShutdownReport::clean(Duration::ZERO),
        Err(_) => ShutdownReport::new(groundcrew_base::ShutdownOutcome::DeadlineExceeded, deadline),
    }
}
