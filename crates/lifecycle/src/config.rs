use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Error, TARGET,
    signals::{LAST_WORDS, StopLimits},
};

/// How long each step of a start and of a stop may take.
///
/// A stop takes at most drain delay + shutdown timeout + stop timeout; with the defaults under Kubernetes 28 s, which
/// leaves 2 s of the 30 s that it grants before it kills. A process told by a signal to stop that has not ended when these
/// 2 s are over too, because something blocks it, is ended with exit code 124: what follows the hooks has their time and the 2 s.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_lifecycle::LifecycleConfig;
///
/// let mut config = LifecycleConfig::default();
/// assert_eq!(config.drain_delay(), Duration::ZERO);
/// config.kubernetes_service_host = Some("10.96.0.1".to_owned());
/// assert_eq!(config.drain_delay(), Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LifecycleConfig {
    /// How long the service keeps serving after it has said that it is not ready, so that load
    /// balancers notice before it closes its door. Default: 5 s under Kubernetes, else none.
    #[cfg_attr(feature = "envcfg", config(env = "DRAIN_DELAY", unit = "s"))]
    pub drain_delay: Option<Duration>,
    /// Set inside a Kubernetes pod; only decides the default of the drain delay.
    #[cfg_attr(feature = "envcfg", config(env = "KUBERNETES_SERVICE_HOST"))]
    pub kubernetes_service_host: Option<String>,
    /// How long the orchestrator waits between SIGTERM and SIGKILL. A stop that may take longer is logged as a warning at the start.
    /// Default: 30 s under Kubernetes, else unknown.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "TERMINATION_GRACE_PERIOD", unit = "s", range(exclusive_min = "0s"))
    )]
    pub termination_grace_period: Option<Duration>,
    /// Where systemd (`Type=notify`) wants to hear of the phases; set by it.
    #[cfg_attr(feature = "envcfg", config(env = "NOTIFY_SOCKET"))]
    pub notify_socket: Option<String>,
    /// How often systemd (`WatchdogSec=`) wants a sign of life, in microseconds; set by it. The sign comes from the runtime
    /// that runs [`Lifecycle::run`](crate::Lifecycle::run), twice as often.
    #[cfg_attr(feature = "envcfg", config(env = "WATCHDOG_USEC", range(min = 1)))]
    pub watchdog_usec: Option<u64>,
    /// The process that is to give it; set by systemd. Without, this one.
    #[cfg_attr(feature = "envcfg", config(env = "WATCHDOG_PID"))]
    pub watchdog_pid: Option<u32>,
    /// How long requests and tasks in flight may take to finish, counted from the end of the drain
    /// delay. Default 15 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "SHUTDOWN_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub shutdown_timeout: Duration,
    /// How long all stop hooks together may take. Default 8 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "STOP_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub stop_timeout: Duration,
    /// How long the required dependencies together may take to come up. Default 60 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "STARTUP_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub startup_timeout: Duration,
    /// How long one question to a dependency may take while starting. Default 5 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "STARTUP_CHECK_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub startup_check_timeout: Duration,
    /// How long a new connection may take to send its first request head. Then it is closed; one that speaks HTTP/2 is asked to
    /// leave before, and what it asks meanwhile is answered. Default 10 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HTTP_HEADER_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub header_read_timeout: Duration,
    /// How long a connection may stay idle, over HTTP/1 including the time to read the next request head; longer than what proxies
    /// in front keep theirs open (60 s is common). HTTP/2 clients without open streams are asked to leave then, and a client that has
    /// said nothing for so long is sent a ping. Default 75 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HTTP_KEEP_ALIVE_TIMEOUT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub keep_alive_timeout: Duration,
}

impl LifecycleConfig {
    /// The drain delay that holds: the one set, else 5 s under Kubernetes and none elsewhere.
    #[must_use]
    pub fn drain_delay(&self) -> Duration {
        let default = if self.is_under_kubernetes() {
            KUBERNETES_DRAIN_DELAY
        } else {
            Duration::ZERO
        };
        self.drain_delay.unwrap_or(default)
    }

    /// What a stop takes at most.
    #[must_use]
    pub fn stop_budget(&self) -> Duration {
        let delays = self.drain_delay().saturating_add(self.shutdown_timeout);
        delays.saturating_add(self.stop_timeout)
    }

    pub(crate) fn stop_limits(&self) -> StopLimits {
        StopLimits {
            to_hooks: self.drain_delay().saturating_add(self.shutdown_timeout),
            from_hooks: self.stop_timeout.saturating_add(LAST_WORDS),
        }
    }

    /// How long the orchestrator waits before it kills, if that is known.
    #[must_use]
    pub fn grace_period(&self) -> Option<Duration> {
        let default = self.is_under_kubernetes().then_some(KUBERNETES_GRACE_PERIOD);
        self.termination_grace_period.or(default)
    }

    /// Tells the log when a stop may take so long that the process is killed in the middle of it.
    pub(crate) fn warn_of_budget(&self) {
        let budget = self.stop_budget();
        if let Some(grace) = self
            .grace_period()
            .filter(|grace| budget.saturating_add(LAST_WORDS) > *grace)
        {
            tracing::warn!(
                target: TARGET, budget_s = budget.as_secs_f64(), grace_period_s = grace.as_secs_f64(),
                "a stop may take longer than the grace period: lower DRAIN_DELAY, SHUTDOWN_TIMEOUT or STOP_TIMEOUT, \
                 or raise terminationGracePeriodSeconds"
            );
        }
    }

    /// How often this process is to give signs of life.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        let is_meant = self.watchdog_pid.is_none_or(|pid| pid == std::process::id());
        let wanted = self.watchdog_usec.filter(|usec| is_meant && *usec > 0);
        wanted.map(|usec| Duration::from_micros(usec.max(2)))
    }

    fn is_under_kubernetes(&self) -> bool {
        !matches!(self.kubernetes_service_host.as_deref(), None | Some(""))
    }

    /// The same without times whose end no clock can tell, as `Duration::MAX` has none.
    pub(crate) fn within_reach(mut self) -> Self {
        self.drain_delay = self.drain_delay.map(|delay| delay.min(FOR_EVER));
        let times = [
            &mut self.shutdown_timeout,
            &mut self.stop_timeout,
            &mut self.startup_timeout,
            &mut self.startup_check_timeout,
            &mut self.header_read_timeout,
            &mut self.keep_alive_timeout,
        ];
        for time in times {
            *time = FOR_EVER.min(*time);
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let bounded = [
            ("shutdown_timeout", self.shutdown_timeout),
            ("stop_timeout", self.stop_timeout),
            ("startup_timeout", self.startup_timeout),
            ("startup_check_timeout", self.startup_check_timeout),
            ("header_read_timeout", self.header_read_timeout),
            ("keep_alive_timeout", self.keep_alive_timeout),
        ];
        match bounded.into_iter().find(|(_, value)| value.is_zero()) {
            Some((name, _)) => Err(Error::ZeroTimeout { name }),
            None => Ok(()),
        }
    }
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self {
            drain_delay: None,
            kubernetes_service_host: None,
            termination_grace_period: None,
            notify_socket: None,
            watchdog_usec: None,
            watchdog_pid: None,
            shutdown_timeout: Duration::from_secs(15),
            stop_timeout: Duration::from_secs(8),
            startup_timeout: Duration::from_secs(60),
            startup_check_timeout: Duration::from_secs(5),
            header_read_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(75),
        }
    }
}

/// Ten years, for a process.
const FOR_EVER: Duration = Duration::from_hours(10 * 365 * 24);

const KUBERNETES_DRAIN_DELAY: Duration = Duration::from_secs(5);

/// `terminationGracePeriodSeconds` of a pod that does not say.
const KUBERNETES_GRACE_PERIOD: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_delay_wins_over_the_platform() {
        let config = LifecycleConfig {
            drain_delay: Some(Duration::from_secs(1)),
            kubernetes_service_host: Some("10.0.0.1".to_owned()),
            ..LifecycleConfig::default()
        };

        assert_eq!(config.drain_delay(), Duration::from_secs(1));
    }

    #[test]
    fn a_stop_fits_into_the_grace_of_kubernetes() {
        let config = LifecycleConfig {
            kubernetes_service_host: Some("10.0.0.1".to_owned()),
            ..LifecycleConfig::default()
        };

        assert_eq!(config.stop_budget(), Duration::from_secs(28));
        assert_eq!(config.grace_period(), Some(Duration::from_secs(30)));
        assert_eq!(LifecycleConfig::default().grace_period(), None);
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let config = |pid| LifecycleConfig {
            watchdog_usec: Some(3_000_000),
            watchdog_pid: pid,
            ..LifecycleConfig::default()
        };

        let own = std::process::id();
        assert_eq!(config(None).watchdog(), Some(Duration::from_secs(3)));
        assert_eq!(config(Some(own)).watchdog(), Some(Duration::from_secs(3)));
        assert_eq!(config(Some(own + 1)).watchdog(), None);
    }

    #[test]
    fn a_zero_timeout_is_named() {
        let config = LifecycleConfig {
            stop_timeout: Duration::ZERO,
            ..LifecycleConfig::default()
        };

        assert_eq!(
            config.check().unwrap_err().to_string(),
            "stop_timeout must be longer than zero"
        );
    }
}
