//! Alerting rules, dashboards and documents, made from the metrics that are registered.
//!
//! [`Monitoring`] takes the [definitions](crate::Registry::definitions) of a registry and the [`Objective`]s of the
//! service, and makes the files that a Prometheus and a Grafana read:
//!
//! - recording rules of the service levels, under the names that Sloth uses, so its dashboards work, and four alerts
//!   for each that look at a long and a short window at once (Google's SRE workbook, "Alerting on SLOs");
//! - a set of ready alerts: each is there only if the metrics that it reads are registered;
//! - for every alert the cases in which it fires and in which it does not, for `promtool test rules`;
//! - two dashboards, and the provisioning of Grafana;
//! - `METRICS.md`, and a [`Snapshot`] of the names and labels for a test that fails when one disappears.
//!
//! A mistake, such as an objective for a latency that is no bucket boundary, is a [`RulesError`].

mod alert;
mod cases;
mod catalogue;
mod dashboard;
mod error;
mod events;
mod grafana;
mod mixin;
mod monitoring;
mod promql;
mod ready;
mod reference;
mod rule_file;
mod slo;
mod snapshot;
mod wording;
mod yaml;

pub use crate::objective::Objective;
pub use alert::Urgency;
pub use error::RulesError;
pub use monitoring::{GeneratedFile, Monitoring};
pub use snapshot::{Removal, Snapshot};
