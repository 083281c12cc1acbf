use std::time::Duration;

use groundcrew_base::Secret;
use serde::{Deserialize, Serialize};

use crate::{DetailsPolicy, Error};

/// How often checks run, when they are believed, and who sees their details.
///
/// The values are what a [`Registration`](crate::Registration) does not say itself.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::HealthConfig;
///
/// let config = HealthConfig::default();
/// assert_eq!((config.interval, config.failures), (Duration::from_secs(1), 3));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default, check = Self::report))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthConfig {
    /// From the start of one run of a check to the start of the next, +-10 %. Default 1 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_INTERVAL", unit = "s", range(exclusive_min = "0s"))
    )]
    pub interval: Duration,
    /// The same while a check fails, if it is shorter. Default 250 ms.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_RETRY", unit = "ms", range(exclusive_min = "0s"))
    )]
    pub retry: Duration,
    /// How long one run may take before its check is unknown. Default 10 s; the checks of drivers have
    /// shorter limits of their own.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_DEADLINE", unit = "s", range(exclusive_min = "0s"))
    )]
    pub deadline: Duration,
    /// How many answers in a row must be worse than what is shown before it is believed. Default 3.
    #[cfg_attr(feature = "envcfg", config(env = "HEALTH_FAILURES", range(min = 1)))]
    pub failures: u32,
    /// How many answers in a row must be better than what is shown before it is believed. Default 1.
    #[cfg_attr(feature = "envcfg", config(env = "HEALTH_SUCCESSES", range(min = 1)))]
    pub successes: u32,
    /// How long the runtime may stall before the service is not alive. Default 10 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_STALL_LIMIT", unit = "s", range(exclusive_min = "0s"))
    )]
    pub stall_limit: Duration,
    /// Who sees reasons and details. Default: who asks from this machine, not through a proxy.
    #[cfg_attr(feature = "envcfg", config(env = "HEALTH_DETAILS"))]
    pub details: DetailsPolicy,
    /// The bearer token that shows details under [`DetailsPolicy::Token`], and allows `?fresh=1` under [`DetailsPolicy::Always`].
    #[cfg_attr(feature = "envcfg", config(env = "HEALTH_DETAILS_TOKEN"))]
    pub details_token: Option<Secret>,
}

impl HealthConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let zero = [
            ("interval", self.interval.is_zero()),
            ("retry", self.retry.is_zero()),
            ("deadline", self.deadline.is_zero()),
            ("failures", self.failures == 0),
            ("successes", self.successes == 0),
            ("stall_limit", self.stall_limit.is_zero()),
        ];
        if let Some((name, _)) = zero.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(Error::Zero { name });
        }
        if self.lacks_token() {
            return Err(Error::NoToken);
        }
        Ok(())
    }

    /// Whether details are for the holder of a token that does not exist.
    fn lacks_token(&self) -> bool {
        let token = self.details_token.as_ref();
        self.details == DetailsPolicy::Token && token.is_none_or(|token| token.expose().is_empty())
    }

    /// What the rules of single fields cannot say.
    #[cfg(feature = "envcfg")]
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        if self.lacks_token() {
            checks.add_between(
                &["details_token", "details"],
                "must be set, as details are guarded by a token",
            );
        }
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            retry: Duration::from_millis(250),
            deadline: Duration::from_secs(10),
            failures: 3,
            successes: 1,
            stall_limit: Duration::from_secs(10),
            details: DetailsPolicy::default(),
            details_token: None,
        }
    }
}
