//! Rule files of Prometheus.

use super::{
    alert::{Alert, Group, Recording},
    promql::duration,
    wording::Wording,
    yaml::Yaml,
};

/// A rule file with these groups.
pub(super) fn file(groups: &[Group], wording: &Wording) -> String {
    let groups = groups
        .iter()
        .map(|group| {
            let recordings = group.recordings.iter().map(|one| recording(one, wording));
            let alerts = group.alerts.iter().map(|one| alert(one, wording));
            Yaml::map([
                ("name", Yaml::text(&group.name)),
                ("rules", Yaml::List(recordings.chain(alerts).collect())),
            ])
        })
        .collect();
    Yaml::map([("groups", Yaml::List(groups))]).document(COMMENT)
}

fn recording(recording: &Recording, wording: &Wording) -> Yaml {
    let labels = wording.recording_labels(recording);
    Yaml::map([
        ("record", Yaml::text(&recording.name)),
        ("expr", Yaml::text(&recording.expr)),
        ("labels", pairs(&labels)),
    ])
}

fn alert(alert: &Alert, wording: &Wording) -> Yaml {
    Yaml::map([
        ("alert", Yaml::text(&alert.name)),
        ("expr", Yaml::text(&alert.expr)),
        ("for", Yaml::text(duration(alert.hold))),
        ("labels", pairs(&wording.alert_labels(alert))),
        ("annotations", pairs(&wording.annotations(alert))),
    ])
}

fn pairs(pairs: &[(String, String)]) -> Yaml {
    Yaml::texts(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

pub(super) const COMMENT: &str =
    "Generated from the metrics of the service. Change them and generate it anew.";
