use std::time::Duration;

use groundcrew_base::Secret;
use serde::{Deserialize, Serialize};

use super::{AlertPolicy, AlertRoute, AlertRule, AlertSeverity, AlertSink, PagerDuty, Slack, Webhook};

/// Where alerts go, as an operator decides; default nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[non_exhaustive]
pub struct AlertsConfig {
    /// The address of an incoming webhook of Slack. `SLACK_WEBHOOK_URL`.
    #[cfg_attr(feature = "envcfg", config(env = "SLACK_WEBHOOK_URL"))]
    pub slack_webhook_url: Option<Secret>,
    /// The integration key of a service in PagerDuty. `PAGERDUTY_ROUTING_KEY`.
    #[cfg_attr(feature = "envcfg", config(env = "PAGERDUTY_ROUTING_KEY"))]
    pub pagerduty_routing_key: Option<Secret>,
    /// The address that alerts are posted to as JSON. `ALERT_WEBHOOK_URL`.
    #[cfg_attr(feature = "envcfg", config(env = "ALERT_WEBHOOK_URL"))]
    pub webhook_url: Option<Secret>,
    /// The key that these posts are signed with; default none. `ALERT_WEBHOOK_SECRET`.
    #[cfg_attr(feature = "envcfg", config(env = "ALERT_WEBHOOK_SECRET"))]
    pub webhook_secret: Option<Secret>,
    /// The least grave alert that is sent: info, warning, error or critical; default warning. `ALERT_SEVERITY`.
    #[cfg_attr(feature = "envcfg", config(env = "ALERT_SEVERITY"))]
    pub severity: AlertSeverity,
    /// The least grave alert that PagerDuty gets; default error. `PAGERDUTY_SEVERITY`.
    #[cfg_attr(feature = "envcfg", config(env = "PAGERDUTY_SEVERITY"))]
    pub pagerduty_severity: AlertSeverity,
    /// Which events are alerts without the field `alert.key`: off, critical or error; default critical. `ALERT_ON`.
    #[cfg_attr(feature = "envcfg", config(env = "ALERT_ON"))]
    pub on: AlertOn,
    /// How long an alert that is firing is not sent again; default 10 minutes, a bare number is seconds.
    /// `ALERT_WINDOW`.
    #[cfg_attr(feature = "envcfg", config(env = "ALERT_WINDOW", unit = "s"))]
    pub window: Duration,
}

/// Which events are alerts although they do not say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AlertOn {
    /// None.
    Off,
    /// Those with `severity = "critical"`.
    #[default]
    Critical,
    /// Those of severity or level error too.
    Error,
}

impl AlertsConfig {
    /// The sinks that are set, and the rule for all of them.
    pub(crate) fn routes(&self) -> (Vec<AlertRoute>, Option<AlertRule>) {
        let mut routes = Vec::new();
        let mut add = |name: &str, least, sink: Box<dyn AlertSink>| {
            let policy = AlertPolicy::default().least(least).window(self.window);
            routes.push(AlertRoute {
                name: name.to_owned(),
                policy,
                sink,
            });
        };
        if let Some(url) = &self.slack_webhook_url {
            add("slack", self.severity, Box::new(Slack::new(url.clone())));
        }
        if let Some(key) = &self.pagerduty_routing_key {
            add(
                "pagerduty",
                self.pagerduty_severity,
                Box::new(PagerDuty::new(key.clone())),
            );
        }
        if let Some(url) = &self.webhook_url {
            let webhook = Webhook::new(url.clone());
            let webhook = match &self.webhook_secret {
                Some(key) => webhook.sign_with(key.clone()),
                None => webhook,
            };
            add("webhook", self.severity, Box::new(webhook));
        }
        let least = match self.on {
            AlertOn::Off => None,
            AlertOn::Critical => Some(AlertSeverity::Critical),
            AlertOn::Error => Some(AlertSeverity::Error),
        };
        let rule = least
            .filter(|_| !routes.is_empty())
            .map(|least| AlertRule::new("events").severity(least));
        (routes, rule)
    }
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            slack_webhook_url: None,
            pagerduty_routing_key: None,
            webhook_url: None,
            webhook_secret: None,
            severity: AlertSeverity::Warning,
            pagerduty_severity: AlertSeverity::Error,
            on: AlertOn::Critical,
            window: Duration::from_secs(600),
        }
    }
}
