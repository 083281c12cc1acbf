//! `application/health+json`: <https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06>.

use std::collections::BTreeMap;

use groundcrew_base::{Details, Status};
use serde::Serialize;

use super::json;
use crate::{CheckReport, Report, timestamp::Timestamp};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    status: &'static str,
    version: &'a str,
    release_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    checks: BTreeMap<String, [Component<'a>; 1]>,
}

/// One entry of `checks`: the draft has a list for each, as a component may have several nodes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    component_id: &'a str,
    status: &'static str,
    observed_value: f64,
    observed_unit: &'static str,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Details>,
}

pub(super) fn report(report: &Report, details: bool) -> Vec<u8> {
    let blocking = report.blocking();
    let checks = report.checks.iter();
    json(&Health {
        status: word(report.status),
        version: &report.version,
        release_id: &report.version,
        output: blocking.map(|check| format!("{} is {}", check.name, check.status())),
        checks: checks
            .map(|check| {
                (
                    format!("{}:responseTime", check.name),
                    [component(check, details)],
                )
            })
            .collect(),
    })
}

fn component(check: &CheckReport, details: bool) -> Component<'_> {
    Component {
        component_id: &check.name,
        status: word(check.status()),
        observed_value: check.milliseconds(),
        observed_unit: "ms",
        time: Timestamp(check.timestamp),
        output: check.verdict.reason().filter(|_| details),
        details: Some(check.verdict.details()).filter(|found| details && !found.is_empty()),
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        _ => "fail",
    }
}
