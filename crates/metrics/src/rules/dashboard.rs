//! Dashboards of Grafana.

use serde_json::{Value, json};

use super::{
    Objective,
    alert::{Alert, Group},
    grafana::DATASOURCE,
    promql::{quoted, share},
};
use crate::{Definition, LabelDefinition, descriptor::Kind, objective::Target};

/// What dashboards are made from.
pub(super) struct Source<'a> {
    pub(super) service: &'a str,
    pub(super) slug: &'a str,
    pub(super) job: &'a str,
    pub(super) definitions: &'a [Definition],
    pub(super) objectives: &'a [Objective],
}

/// A panel without its place.
struct Panel {
    title: String,
    description: String,
    kind: &'static str,
    unit: &'static str,
    queries: Vec<(String, String)>,
}

impl Source<'_> {
    /// Service levels, what the ready alerts look at, and the alerts that fire.
    pub(super) fn overview(&self, ready: &[Group]) -> String {
        let mut board = Board::default();
        for objective in self.objectives {
            board.row(&objective.name);
            self.objective(objective)
                .into_iter()
                .for_each(|panel| board.panel(&panel));
        }
        board.row("Alerts");
        board.panel(&self.firing());
        for alert in ready.iter().flat_map(|group| &group.alerts) {
            board.panel(&watched(alert));
        }
        board.finish(self, "overview")
    }

    /// Every metric, in rows by the first word of its name.
    pub(super) fn metrics(&self) -> String {
        let mut definitions: Vec<&Definition> = self.definitions.iter().collect();
        definitions.sort_by(|one, other| one.name.cmp(&other.name));
        let mut board = Board::default();
        let mut last = None;
        for one in definitions {
            let word = one.name.split('_').next().unwrap_or_default();
            if last != Some(word) {
                board.row(word);
                last = Some(word);
            }
            board.panel(&self.metric(one));
        }
        board.finish(self, "metrics")
    }

    fn objective(&self, objective: &Objective) -> Vec<Panel> {
        let id = format!(
            "{{sloth_id={}}}",
            quoted(&format!("{}-{}", self.service, objective.name))
        );
        let panel = |title: &str, kind, unit, queries: &[(&str, &str)]| Panel {
            title: format!("{}: {title}", objective.name),
            description: String::new(),
            kind,
            unit,
            queries: queries
                .iter()
                .map(|(name, legend)| (format!("{name}{id}"), (*legend).to_owned()))
                .collect(),
        };
        if let Target::Mean { .. } = objective.target {
            return vec![panel("mean", "timeseries", "s", &MEANS)];
        }
        vec![
            panel(
                "error budget that remains of 30 days",
                "stat",
                "percentunit",
                &BUDGET,
            ),
            panel("burn rate", "timeseries", "short", &BURN_RATES),
            panel("share of bad events", "timeseries", "percentunit", &BAD_SHARES),
        ]
    }

    /// The alerts that fire now.
    fn firing(&self) -> Panel {
        // Alerts of objectives have no job.
        let expr = format!(
            "ALERTS{{alertstate=\"firing\",job={job}}} or ALERTS{{alertstate=\"firing\",sloth_service={}}}",
            quoted(self.service),
            job = quoted(self.job)
        );
        Panel {
            title: "Alerts that fire".to_owned(),
            description: "Every alert of this service.".to_owned(),
            kind: "table",
            unit: "none",
            queries: vec![(expr, "{{alertname}} {{instance}}".to_owned())],
        }
    }

    fn metric(&self, one: &Definition) -> Panel {
        Panel {
            title: one.name.clone(),
            description: one.help.clone(),
            kind: "timeseries",
            unit: unit(one),
            queries: self.queries(one),
        }
    }

    /// Queries of a metric's values, and their legends.
    fn queries(&self, one: &Definition) -> Vec<(String, String)> {
        let selector = format!("{{job={},instance=~\"$instance\"}}", quoted(self.job));
        let labels: Vec<&str> = ["instance"]
            .into_iter()
            .chain(one.labels.iter().map(LabelDefinition::name))
            .collect();
        let name = &one.name;
        let rate = |suffix: &str| format!("rate({name}{suffix}{selector}[$__rate_interval])");
        match one.kind {
            Kind::Counter => vec![(
                format!("sum by ({}) ({})", labels.join(", "), rate("")),
                legend(labels),
            )],
            Kind::Histogram => [0.5, 0.95, 0.99]
                .map(|below| {
                    let (below, rate) = (share(below), rate("_bucket"));
                    (
                        format!("histogram_quantile({below}, sum by (le) ({rate}))"),
                        format!("quantile {below}"),
                    )
                })
                .into(),
            Kind::Gauge | Kind::Info | Kind::Unknown => vec![(format!("{name}{selector}"), legend(labels))],
        }
    }
}

/// What a ready alert looks at.
fn watched(alert: &Alert) -> Panel {
    Panel {
        title: alert.name.clone(),
        description: format!("{} Fires where there is a value.", alert.description),
        kind: "timeseries",
        unit: "short",
        queries: vec![(
            alert.expr.clone(),
            legend(alert.from_expr.iter().map(|label| label.0.as_str())),
        )],
    }
}

/// A dashboard on its way.
#[derive(Default)]
struct Board {
    panels: Vec<Value>,
    x: u64,
    y: u64,
}

impl Board {
    fn row(&mut self, title: &str) {
        if self.x > 0 {
            self.x = 0;
            self.y += HEIGHT;
        }
        self.panels.push(json!({
            "id": self.panels.len() + 1,
            "type": "row",
            "title": title,
            "collapsed": false,
            "gridPos": { "h": 1, "w": WIDTH * ACROSS, "x": 0, "y": self.y },
            "panels": [],
        }));
        self.y += 1;
    }

    fn panel(&mut self, panel: &Panel) {
        let targets: Vec<Value> = panel
            .queries
            .iter()
            .zip('A'..='Z')
            .map(|((expr, legend), reference)| {
                json!({
                    "refId": reference,
                    "datasource": datasource(),
                    "expr": expr,
                    "legendFormat": legend,
                    "instant": panel.kind == "table",
                    "format": if panel.kind == "table" { "table" } else { "time_series" },
                })
            })
            .collect();
        self.panels.push(json!({
            "id": self.panels.len() + 1,
            "type": panel.kind,
            "title": panel.title,
            "description": panel.description,
            "datasource": datasource(),
            "gridPos": { "h": HEIGHT, "w": WIDTH, "x": self.x, "y": self.y },
            "fieldConfig": { "defaults": { "unit": panel.unit }, "overrides": [] },
            "options": {},
            "targets": targets,
        }));
        self.x += WIDTH;
        if self.x >= WIDTH * ACROSS {
            self.x = 0;
            self.y += HEIGHT;
        }
    }

    fn finish(self, source: &Source<'_>, which: &str) -> String {
        let board = json!({
            "uid": uid(source.slug, which),
            "title": format!("{} {which}", source.service),
            "tags": ["generated"],
            "editable": false,
            "schemaVersion": 39,
            "version": 1,
            "refresh": "30s",
            "time": { "from": "now-6h", "to": "now" },
            "timezone": "browser",
            "templating": { "list": [choice_of_source(), choice_of_instance(source.job)] },
            "panels": self.panels,
        });
        format!("{board:#}\n")
    }
}

fn choice_of_source() -> Value {
    json!({
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": { "text": "Prometheus", "value": DATASOURCE },
    })
}

fn choice_of_instance(job: &str) -> Value {
    let instances = format!("label_values(up{{job={}}}, instance)", quoted(job));
    json!({
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": datasource(),
        "query": { "query": instances, "refId": "instances" },
        "includeAll": true,
        "multi": true,
        "allValue": ".*",
        "refresh": 2,
        "current": { "text": "All", "value": "$__all" },
    })
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// Grafana takes 40 characters.
fn uid(slug: &str, which: &str) -> String {
    let room = 39 - which.len();
    let slug: String = slug.chars().take(room).collect();
    format!("{slug}-{which}")
}

fn legend(labels: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let labels: Vec<String> = labels
        .into_iter()
        .map(|label| format!("{{{{{}}}}}", label.as_ref()))
        .collect();
    labels.join(" ")
}

fn unit(one: &Definition) -> &'static str {
    match (one.unit(), one.kind) {
        // A second in a second.
        (Some("seconds" | "ratio"), Kind::Counter) | (Some("ratio"), _) => "percentunit",
        (Some("seconds"), _) if one.name.ends_with("_timestamp_seconds") => "short",
        (Some("seconds"), _) => "s",
        (Some("bytes"), Kind::Counter) => "Bps",
        (Some("bytes"), _) => "bytes",
        (_, Kind::Counter) => "ops",
        _ => "short",
    }
}

/// Recorded series of an objective, and what they are called in a panel.
const MEANS: [(&str, &str); 2] = [
    ("slo:sli_mean:seconds_rate5m", "5 minutes"),
    ("slo:sli_mean:seconds_rate1h", "1 hour"),
];
const BUDGET: [(&str, &str); 1] = [("slo:period_error_budget_remaining:ratio", "budget")];
const BURN_RATES: [(&str, &str); 2] = [
    ("slo:current_burn_rate:ratio", "now"),
    ("slo:period_burn_rate:ratio", "30 days"),
];
const BAD_SHARES: [(&str, &str); 3] = [
    ("slo:sli_error:ratio_rate5m", "5 minutes"),
    ("slo:sli_error:ratio_rate1h", "1 hour"),
    ("slo:sli_error:ratio_rate6h", "6 hours"),
];

const WIDTH: u64 = 8;
const HEIGHT: u64 = 8;
const ACROSS: u64 = 3;
