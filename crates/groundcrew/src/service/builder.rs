use groundcrew_lifecycle::Lifecycle;
use groundcrew_logging::Logging;
use groundcrew_metrics::Registry;

use super::{Service, ServiceConfig, ServiceError};

/// Begins a [`Service`].
#[derive(Clone, Debug)]
#[must_use = "call start()"]
pub struct ServiceBuilder {
    name: String,
    version: String,
    config: ServiceConfig,
}

impl ServiceBuilder {
    pub(super) fn new(name: String, version: String) -> Self {
        Self {
            name,
            version,
            config: ServiceConfig::default(),
        }
    }

    /// The settings; default [`ServiceConfig::default`].
    pub fn config(mut self, config: ServiceConfig) -> Self {
        self.config = config;
        self
    }

    /// Takes over the log, the panic hook and the signals: from here on nothing is lost. Probes are answered: `/livez` and `/metrics`
    /// with 200, all others with 503 until [`bind`](Service::bind) and what is required.
    ///
    /// # Errors
    /// See [`ServiceError`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<Service, ServiceError> {
        let lifecycle = Lifecycle::builder()
            .config(self.config.lifecycle.clone())
            .start()?;
        let count_panic = lifecycle.count_panics();
        let logging = Logging::builder()
            .config(self.config.logging.clone())
            .service(&self.name)
            .version(&self.version)
            .environment(self.config.environment.as_str())
            .on_panic(move |_| count_panic())
            .init()?;
        let registry = if self.config.metrics_enabled {
            Registry::new()
        } else {
            Registry::disabled()
        };
        Service::new(self.version, self.config, logging, lifecycle, registry)
    }
}
