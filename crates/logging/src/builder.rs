mod assembly;

use std::{
    fmt,
    io::{self, IsTerminal as _},
    sync::Arc,
};

use groundcrew_base::Clock;
use tracing::{Level, Subscriber, dispatcher};
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt as _, registry::LookupSpan};

use crate::{
    AlertPolicy, AlertRule, AlertSink, Error, Format, LogFile, Logging, LoggingConfig, PanicChain,
    PanicReport, Redactor, Sampling, Sink,
    alert::AlertRoute,
    config::Color,
    console,
    layer::JsonLayer,
    panic::OnPanic,
    reporter::Reporter,
    sink::{Encoding, Outlet},
};

/// Sets up [`Logging`].
///
/// `service`, `version` and `environment` stand on every JSON line.
#[must_use]
pub struct LoggingBuilder {
    config: LoggingConfig,
    service: String,
    version: String,
    environment: String,
    fields: Vec<(String, String)>,
    sampling: Option<Sampling>,
    redactor: Redactor,
    clock: Clock,
    files: Vec<LogFile>,
    #[cfg(feature = "sighup")]
    reopens_on_hangup: bool,
    sinks: Vec<Outlet>,
    alert_routes: Vec<AlertRoute>,
    alert_rules: Vec<AlertRule>,
    on_panic: OnPanic,
    panic_chain: PanicChain,
    reporter: Reporter,
    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    exports: Vec<crate::Export>,
}

impl LoggingBuilder {
    /// What the operator decides; default [`LoggingConfig::default`].
    pub fn config(mut self, config: LoggingConfig) -> Self {
        self.config = config;
        self
    }

    /// The name of the service; default `unknown`.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// The version of the service; default `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The environment it runs in; default `development`, in which [`Format::Auto`] is the console.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = environment.into();
        self
    }

    /// A field that stands on every line beside the service, such as `region`; a field of an event or a span of that
    /// name goes before it. The last one of a name counts.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.into()));
        self
    }

    /// What must not be seen; default [`Redactor::default`]. The names in
    /// [`LoggingConfig::redact`] come on top.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Logs a share of the requests only; default all.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = Some(sampling);
        self
    }

    /// The clock of the timestamps; default the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Adds a file, besides those of [`LoggingConfig::dir`].
    pub fn file(mut self, file: LogFile) -> Self {
        self.files.push(file);
        self
    }

    /// Opens all files anew when the process gets SIGHUP, within a second, as [`Logging::reopen`] does. By
    /// default nobody listens, and the signal ends the process; then it does not any more.
    ///
    /// Others may listen for the same signal.
    #[cfg(feature = "sighup")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sighup")))]
    pub const fn reopen_on_hangup(mut self) -> Self {
        self.reopens_on_hangup = true;
        self
    }

    /// Adds a sink that gets the JSON lines of `least` and graver levels.
    pub fn sink(mut self, name: impl Into<String>, least: Level, sink: impl Sink) -> Self {
        self.sinks.push(Outlet {
            name: name.into(),
            encoding: Encoding::Json,
            least,
            sink: Box::new(sink),
        });
        self
    }

    /// Sends the lines to a service over the network, beside the other sinks.
    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    pub fn export(mut self, export: impl Into<crate::Export>) -> Self {
        self.exports.push(export.into());
        self
    }

    /// Hands every alert to `sink` as it comes, on a thread of its own; default: they are logged and counted only.
    ///
    /// The level in force decides about the line, not about the alert: those of level info and graver with the field
    /// `alert.key` all reach `sink`, so that what fires at `error` is resolved at `info`.
    pub fn alert_sink(self, sink: impl AlertSink) -> Self {
        self.alert_to("alerts", AlertPolicy::every(), sink)
    }

    /// Hands alerts to `sink`, on a thread of its own, as often as `policy` says. Each sink has its own queue: one
    /// that hangs stops no other.
    ///
    /// `name` stands in [`LoggingStats::alert_sinks`](crate::LoggingStats) and in the metrics.
    pub fn alert_to(mut self, name: impl Into<String>, policy: AlertPolicy, sink: impl AlertSink) -> Self {
        self.alert_routes.push(AlertRoute {
            name: name.into(),
            policy,
            sink: Box::new(sink),
        });
        self
    }

    /// Makes alerts of events that do not call themselves so; default none. Of several rules that pick an event,
    /// the first one makes the alert, and every one with a rate counts it.
    pub fn alert_rule(mut self, rule: AlertRule) -> Self {
        self.alert_rules.push(rule);
        self
    }

    /// Calls `callback` at a panic, on the panicking thread, after it has been logged and flushed. It must not panic
    /// itself: that ends the process.
    pub fn on_panic(mut self, callback: impl Fn(&PanicReport) + Send + Sync + 'static) -> Self {
        self.on_panic = OnPanic(Some(Arc::new(callback)));
        self
    }

    /// What becomes of the panic hook that was there before when a message has something to mask; default
    /// [`PanicChain::Always`].
    pub const fn panic_chain(mut self, chain: PanicChain) -> Self {
        self.panic_chain = chain;
        self
    }

    /// Makes this the process's subscriber and its panic hook. With the feature `log`, records of the `log` crate
    /// become events.
    ///
    /// # Errors
    /// [`Error::AlreadyInstalled`] when there is a global subscriber, or with the feature `log` a logger, and those of
    /// [`LoggingBuilder::build`].
    pub fn init(self) -> Result<Logging, Error> {
        if dispatcher::has_been_set() {
            return Err(Error::AlreadyInstalled);
        }
        let (layer, logging) = self.build()?;
        #[cfg(feature = "log")]
        tracing_log::LogTracer::init().map_err(|_| Error::AlreadyInstalled)?;
        tracing::subscriber::set_global_default(Registry::default().with(layer))
            .map_err(|_| Error::AlreadyInstalled)?;
        #[cfg(feature = "log")]
        logging.follow_log_records();
        logging.install_panic_hook();
        logging.flush_at_exit();
        Ok(logging)
    }

    /// Gives the layer for a subscriber of your own, and its handle. Installs nothing.
    ///
    /// The filter concerns this layer only: others beside it see what they want to see.
    ///
    /// # Errors
    /// When the configuration cannot work, or a file or a thread cannot be had.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_logging::{LoggingConfig, Format, Logging};
    /// use tracing_subscriber::{Registry, layer::SubscriberExt};
    ///
    /// let mut config = LoggingConfig::default();
    /// config.format = Format::Off;
    /// let (layer, logging) = Logging::builder().config(config).build()?;
    /// tracing::subscriber::with_default(Registry::default().with(layer), || {
    ///     tracing::warn!("only here");
    /// });
    /// assert_eq!(logging.stats().events.warn, 1);
    /// # Ok::<(), groundcrew_logging::Error>(())
    /// ```
    pub fn build<S>(self) -> Result<(impl Layer<S> + Send + Sync + use<S>, Logging), Error>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        self.config.check()?;
        self.check_files()?;
        let color = self.is_colored();
        let reporter = self.reporter.clone();
        let core = self.core()?;
        reporter.attach(&core);
        let layer: Box<dyn Layer<S> + Send + Sync> = match color {
            Some(is_colored) => {
                Box::new(JsonLayer::new(Arc::clone(&core)).and_then(console::layer(&core, is_colored)))
            }
            None => Box::new(JsonLayer::new(Arc::clone(&core))),
        };
        Ok((layer.with_filter(core.filter.clone()), Logging::new(core)))
    }

    fn check_files(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(LogFile::check)?;
        let configured = self.config.files();
        LogFile::check_all(&configured.iter().chain(&self.files).collect::<Vec<_>>())
    }

    /// Whether the standard output is for people, and then whether it is coloured.
    fn is_colored(&self) -> Option<bool> {
        if self.format() != Format::Console {
            return None;
        }
        Some(match self.config.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal(),
        })
    }

    fn format(&self) -> Format {
        match self.config.format {
            Format::Auto if io::stdout().is_terminal() || self.environment == DEVELOPMENT => Format::Console,
            Format::Auto => Format::Json,
            format => format,
        }
    }
}

impl Default for LoggingBuilder {
    fn default() -> Self {
        Self {
            config: LoggingConfig::default(),
            service: "unknown".to_owned(),
            version: "unknown".to_owned(),
            environment: DEVELOPMENT.to_owned(),
            fields: Vec::new(),
            sampling: None,
            redactor: Redactor::default(),
            clock: Clock::system(),
            files: Vec::new(),
            #[cfg(feature = "sighup")]
            reopens_on_hangup: false,
            sinks: Vec::new(),
            alert_routes: Vec::new(),
            alert_rules: Vec::new(),
            on_panic: OnPanic::default(),
            panic_chain: PanicChain::default(),
            reporter: Reporter::default(),
            #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
            exports: Vec::new(),
        }
    }
}

impl fmt::Debug for LoggingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggingBuilder")
            .field("config", &self.config)
            .field("service", &self.service)
            .field("version", &self.version)
            .field("environment", &self.environment)
            .field("sinks", &self.sinks)
            .finish_non_exhaustive()
    }
}

const DEVELOPMENT: &str = "development";
