use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use groundcrew_base::{ShutdownOutcome, ShutdownReport};
use tracing::level_filters::LevelFilter;

use crate::{
    Error, Filter, LoggingBuilder, LoggingStats, TemporaryLevel, at_exit,
    core::{Core, SETTLING},
    panic,
    remote::later,
    shutdown::Shutdown,
};

/// The handle to a service's logs: flushes them, changes their level, counts them.
///
/// Cloning is cheap. Dropping the last clone flushes, for at most `flush_timeout`; logging goes on as long
/// as the subscriber lives, so a handle that is dropped too early loses nothing but the flush at the end.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_logging::{LoggingConfig, Format, Logging};
///
/// let mut config = LoggingConfig::default();
/// config.format = Format::Json;
/// let logging = Logging::builder()
///     .config(config)
///     .service("poker-app")
///     .version(env!("CARGO_PKG_VERSION"))
///     .environment("production")
///     .init()?;
///
/// tracing::info!(handId = 42, "hand dealt");
///
/// let report = logging.shutdown(Duration::from_secs(5));
/// assert!(report.is_clean());
/// # Ok::<(), groundcrew_logging::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "dropping the last handle flushes; keep it until the end of the process"]
pub struct Logging(Arc<Handle>);

struct Handle {
    core: Arc<Core>,
}

impl Logging {
    /// Starts with the default configuration.
    pub fn builder() -> LoggingBuilder {
        LoggingBuilder::default()
    }

    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self(Arc::new(Handle { core }))
    }

    /// Waits until every line that was logged before is with its sinks, and every file is open anew if
    /// [`Logging::reopen`] was called before.
    ///
    /// Blocks the thread, for at most `deadline`.
    ///
    /// # Errors
    /// [`Error::Deadline`] when the writer was not done in time; the lines stay in the queue.
    pub fn flush(&self, deadline: Duration) -> Result<(), Error> {
        let start = Instant::now();
        let core = &self.0.core;
        let written = core.queue.flush(deadline);
        written.map_err(|pending| Error::Deadline { deadline, pending })?;
        match core.flush_lines(deadline.saturating_sub(start.elapsed())) {
            0 => Ok(()),
            pending => Err(Error::Deadline { deadline, pending }),
        }
    }

    /// Opens every file anew by its name, after somebody has moved it away; [`Logging::flush`] waits for that.
    ///
    /// Lines that were logged before may go to the old file or the new one. A file that cannot be opened stays
    /// as it is.
    pub fn reopen(&self) {
        self.0.core.queue.ask_for_reopen();
    }

    /// Writes what waits and ends the writer. Lines that are logged later are dropped and counted.
    ///
    /// Blocks the thread, for at most `deadline`. The report's details are `written`, `dropped`,
    /// `abandoned`, the lines that the deadline found in the queue or half written, `abandonedAlerts`,
    /// `unclosed`, the threads that had not yet dropped their sinks, one of the files and one of each other sink, and
    /// `uncompressed`, the full files that are left to be compressed after the next start, with which it is clean all
    /// the same.
    ///
    /// Called again it says how things stand then. Threads that wait for room in the queue are let go, their lines
    /// counted as dropped.
    pub fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let start = Instant::now();
        let core = &self.0.core;
        core.report_floods();
        core.queue.close();
        let alerts_end = core.alerts.as_ref().map(|alerts| alerts.close(deadline));
        let mut abandoned = core.queue.await_end(deadline);
        let end = later(deadline.saturating_sub(start.elapsed()));
        core.remotes().for_each(|remote| remote.close(end));
        let alerts = core.alerts.as_ref().zip(alerts_end);
        let alerts = alerts.map_or(0, |(alerts, end)| alerts.await_end(end));
        abandoned += core.remotes().map(|remote| remote.await_end(end)).sum::<u64>();
        let uncompressed = core.archiver.close(deadline.saturating_sub(start.elapsed()));
        let unclosed = core.queue.unfinished();
        let lines = self.stats().lines;
        let outcome = match abandoned + alerts + unclosed {
            0 => ShutdownOutcome::Clean,
            _ => ShutdownOutcome::DeadlineExceeded,
        };
        ShutdownReport::new(outcome, start.elapsed())
            .detail("written", lines.written)
            .detail("dropped", lines.dropped.total())
            .detail("abandoned", abandoned)
            .detail("abandonedAlerts", alerts)
            .detail("unclosed", unclosed)
            .detail("uncompressed", uncompressed)
    }

    /// [`Logging::shutdown`] for asynchronous code, whatever its runtime: a thread of its own waits.
    ///
    /// It begins at the call.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the shutdown to itself; it goes on.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// # async fn end(logging: groundcrew_logging::Logging) {
    /// let report = logging.shutdown_async(Duration::from_secs(5)).await;
    /// # drop(report);
    /// # }
    /// ```
    pub fn shutdown_async(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = ShutdownReport> + Send + Unpin + use<> {
        let logging = self.clone();
        Shutdown::start(move || logging.shutdown(deadline))
    }

    pub(crate) fn flush_at_exit(&self) {
        at_exit::flush_with_this_thread(&self.0.core);
    }

    /// What has been logged, written and dropped so far.
    #[must_use]
    pub fn stats(&self) -> LoggingStats {
        self.0.core.stats()
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> Filter {
        self.0.core.filter.load()
    }

    /// Changes what is logged from now on, in all threads; temporary levels stay on top of it.
    pub fn set_filter(&self, filter: impl Into<Filter>) {
        self.0.core.levels.set_base(filter.into());
        self.settle_later();
    }

    #[cfg(feature = "axum")]
    pub(crate) fn set_filter_by(&self, filter: Filter, by: &str) {
        self.set_filter(filter);
        let core = &self.0.core;
        core.levels.tell_base(by, &|notice| core.tell(notice));
    }

    /// Logs `target` and its modules from this level on for the time `ttl`, then as before again; `*` stands for
    /// all targets without a level of their own.
    ///
    /// Takes hold in all threads at once, and ends without anybody's doing. Changes may overlap: of those for one
    /// target the latest counts, and when it is over, the one before if that still holds. The same level for the
    /// same target begins anew. A line tells of each change and its end.
    ///
    /// # Errors
    /// [`Error::Level`] if nothing can have such a target, [`Error::TooManyLevels`] beyond 100 changes at a
    /// time, [`Error::Thread`] if the thread that ends them cannot be had; nothing is changed then.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use groundcrew_logging::{Format, Logging, LoggingConfig};
    /// use tracing::Level;
    ///
    /// # let mut config = LoggingConfig::default();
    /// # config.format = Format::Off;
    /// let (layer, logging) = Logging::builder().config(config).build::<tracing_subscriber::Registry>()?;
    /// # drop(layer);
    /// let change = logging.set_level_for("sqlx", Level::DEBUG, Duration::from_secs(600))?;
    /// assert_eq!(logging.filter().to_string(), "info,sqlx=debug");
    ///
    /// logging.revert_level(&change);
    /// assert_eq!(logging.filter().to_string(), "info");
    /// # Ok::<(), groundcrew_logging::Error>(())
    /// ```
    pub fn set_level_for(
        &self,
        target: impl AsRef<str>,
        level: impl Into<LevelFilter>,
        ttl: Duration,
    ) -> Result<TemporaryLevel, Error> {
        self.set_level_for_by(target.as_ref(), level.into(), ttl, CODE)
    }

    pub(crate) fn set_level_for_by(
        &self,
        target: &str,
        level: LevelFilter,
        ttl: Duration,
        by: &str,
    ) -> Result<TemporaryLevel, Error> {
        let core = &self.0.core;
        core.timer.wake_after(ttl, core)?;
        let change = core
            .levels
            .set_for(target, level, ttl, by, &|notice| core.tell(notice))?;
        self.settle_later();
        Ok(change)
    }

    /// Ends a temporary level before its time; if it is over or was replaced, nothing happens.
    pub fn revert_level(&self, change: &TemporaryLevel) {
        let core = &self.0.core;
        core.levels.revert(change, &|notice| core.tell(notice));
        self.settle_later();
    }

    /// Goes back to the filter of the configuration: ends all temporary levels and what
    /// [`Logging::set_filter`] has changed.
    pub fn reset_levels(&self) {
        self.reset_levels_by(CODE);
    }

    pub(crate) fn reset_levels_by(&self, by: &str) {
        let core = &self.0.core;
        core.levels.reset(by, &|notice| core.tell(notice));
        self.settle_later();
    }

    fn settle_later(&self) {
        // Without a thread the change holds all the same, but for a race that hardly ever happens.
        self.0.core.timer.wake_after(SETTLING, &self.0.core).ok();
    }

    /// The temporary levels that hold, the latest last.
    #[must_use]
    pub fn temporary_levels(&self) -> Vec<TemporaryLevel> {
        self.0.core.levels.changes()
    }

    /// Shows [`Logging::stats`] at each scrape of `registry`: `log_events_total{level}`,
    /// `errors_total{type,severity}` (warn is low, error medium, critical critical), `log_lines_total{sink}`,
    /// `log_written_total{sink}`, `log_written_bytes_total{sink}`, `log_dropped_total{reason}`,
    /// `log_sink_errors_total{sink}`, `log_sink_panics_total{sink}`, `log_partial_writes_total{sink}`,
    /// `log_alerts_total{sink,result}`, `log_alert_retries_total{sink}`, `log_alert_digests_total{sink}`,
    /// `log_queue_bytes` and
    /// `log_queue_capacity_bytes`; of files also `log_rotations_total{sink}`, `log_rotation_failures_total{sink}`,
    /// `log_compressions_total{sink}`, `log_compression_failures_total{sink}`, `log_archives_removed_total{sink}`,
    /// `log_reopens_total{sink}` and `log_reopen_failures_total{sink}`. `errors_total` is that of
    /// [`ErrorMetrics`](groundcrew_metrics::ErrorMetrics), which a service counts its own errors with.
    ///
    /// # Errors
    /// When the registry has families of these names.
    #[cfg(feature = "metrics")]
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn register_metrics(
        &self,
        registry: &groundcrew_metrics::Registry,
    ) -> Result<(), groundcrew_metrics::RegisterError> {
        let core = Arc::downgrade(&self.0.core);
        registry.collector(crate::metrics::LogCollector(Arc::downgrade(&self.0.core)))?;
        groundcrew_metrics::ErrorMetrics::register(registry)?
            .add_source(move |count| crate::metrics::count_errors(&core, count));
        Ok(())
    }

    #[cfg(feature = "log")]
    pub(crate) fn follow_log_records(&self) {
        self.0.core.filter.follow_log_records();
    }

    /// Makes panics part of the log, once. [`LoggingBuilder::init`] has done so already.
    ///
    /// A panic is logged as an event of level error with `severity = "critical"`, the location, the thread,
    /// the fields of the spans around it, and a backtrace if `RUST_BACKTRACE` asks for one. Then the log is
    /// flushed, the callback of [`LoggingBuilder::on_panic`] runs, and the panic hook
    /// that was there before. Only the one of the standard library does not run when there is something to mask in the message:
    /// the masked one is written to the standard error instead. See [`PanicChain`](crate::PanicChain) for others.
    pub fn install_panic_hook(&self) {
        panic::install(&self.0.core);
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logging")
            .field("filter", &self.filter())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let start = Instant::now();
        self.core.queue.flush(self.core.flush_timeout).ok();
        let left = self.core.flush_timeout.saturating_sub(start.elapsed());
        self.core.flush_remote(left);
    }
}

/// Who changes levels, if it is not a request.
const CODE: &str = "code";
