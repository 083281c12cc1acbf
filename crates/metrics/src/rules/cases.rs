//! Tests of alerts for `promtool test rules`.

use std::time::Duration;

use super::{
    alert::{Alert, Group},
    promql::duration,
    wording::Wording,
    yaml::Yaml,
};

/// The test file of the alerts in these groups: for each one the cases in which it fires, and in which it does not.
pub(super) fn file(rule_file: &str, groups: &[Group], wording: &Wording, step: u64) -> String {
    let order = groups.iter().map(|group| Yaml::text(&group.name)).collect();
    let tests = groups
        .iter()
        .flat_map(|group| &group.alerts)
        .flat_map(|alert| tests(alert, wording))
        .collect();
    Yaml::map([
        ("rule_files", Yaml::List(vec![Yaml::text(rule_file)])),
        ("evaluation_interval", Yaml::text(format!("{step}m"))),
        ("group_eval_order", Yaml::List(order)),
        ("tests", Yaml::List(tests)),
    ])
    .document(super::rule_file::COMMENT)
}

fn tests(alert: &Alert, wording: &Wording) -> Vec<Yaml> {
    let expected = Yaml::map([
        ("exp_labels", pairs(&wording.expected_labels(alert))),
        ("exp_annotations", pairs(&wording.expected_annotations(alert))),
    ]);
    alert
        .cases
        .iter()
        .map(|case| {
            let series = case
                .series
                .iter()
                .map(|(series, values)| {
                    Yaml::map([("series", Yaml::text(series)), ("values", Yaml::text(values))])
                })
                .collect();
            let expected = if case.fires {
                vec![expected.clone()]
            } else {
                Vec::new()
            };
            let at = Duration::from_secs(case.minutes * 60);
            Yaml::map([
                ("name", Yaml::text(format!("{}: {}", alert.name, case.title))),
                ("interval", Yaml::text("1m")),
                ("input_series", Yaml::List(series)),
                (
                    "alert_rule_test",
                    Yaml::List(vec![Yaml::map([
                        ("eval_time", Yaml::text(duration(at))),
                        ("alertname", Yaml::text(&alert.name)),
                        ("exp_alerts", Yaml::List(expected)),
                    ])]),
                ),
            ])
        })
        .collect()
}

fn pairs(pairs: &[(String, String)]) -> Yaml {
    Yaml::texts(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}
