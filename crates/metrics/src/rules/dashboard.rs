//! Dashboards of Grafana.

use serde_json::{Value, json};

use super::{
    Objective,
    alert::Group,
    grafana::DATASOURCE,
    promql::{quoted, share},
};
use crate::objective::Target;
use crate::{Definition, descriptor::Kind};

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
        board.panel(&Panel {
            title: "Alerts that fire".to_owned(),
            description: "Every alert of this service.".to_owned(),
            kind: "table",
            unit: "none",
            queries: vec![(
                // Alerts of objectives have no job.
                format!(
                    "ALERTS{{alertstate=\"firing\",job={job}}} or ALERTS{{alertstate=\"firing\",sloth_service={}}}",
                    quoted(self.service),
                    job = quoted(self.job)
                ),
                "{{alertname}} {{instance}}".to_owned(),
            )],
        });
        for alert in ready.iter().flat_map(|group| &group.alerts) {
            board.panel(&Panel {
                title: alert.name.clone(),
                description: format!("{} Fires where there is a value.", alert.description),
                kind: "timeseries",
                unit: "short",
                queries: vec![(
                    alert.expr.clone(),
                    legend(alert.from_expr.iter().map(|label| label.0.as_str())),
                )],
            });
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
            let queries = [
                ("slo:sli_mean:seconds_rate5m", "5 minutes"),
                ("slo:sli_mean:seconds_rate1h", "1 hour"),
            ];
            return vec![panel("mean", "timeseries", "s", &queries)];
        }
        vec![
            panel(
                "error budget that remains of 30 days",
                "stat",
                "percentunit",
                &[("slo:period_error_budget_remaining:ratio", "budget")],
            ),
            panel(
                "burn rate",
                "timeseries",
                "short",
                &[
                    ("slo:current_burn_rate:ratio", "now"),
                    ("slo:period_burn_rate:ratio", "30 days"),
                ],
            ),
            panel(
                "share of bad events",
                "timeseries",
                "percentunit",
                &[
                    ("slo:sli_error:ratio_rate5m", "5 minutes"),
                    ("slo:sli_error:ratio_rate1h", "1 hour"),
                    ("slo:sli_error:ratio_rate6h", "6 hours"),
                ],
            ),
        ]
    }

    fn metric(&self, one: &Definition) -> Panel {
        let selector = format!("{{job={},instance=~\"$instance\"}}", quoted(self.job));
        let labels: Vec<&str> = one.labels.iter().map(|label| label.name()).collect();
        let by = |more: &[&str]| [more, &labels].concat().join(", ");
        let name = &one.name;
        let rate = |suffix: &str| format!("rate({name}{suffix}{selector}[$__rate_interval])");
        let queries = match one.kind {
            Kind::Counter => {
                vec![(
                    format!("sum by ({}) ({})", by(&["instance"]), rate("")),
                    legend([&["instance"], labels.as_slice()].concat()),
                )]
            }
            Kind::Histogram => {
                let quantile = |share_below: f64| {
                    let share_below = share(share_below);
                    (
                        format!(
                            "histogram_quantile({share_below}, sum by (le) ({}))",
                            rate("_bucket")
                        ),
                        format!("quantile {share_below}"),
                    )
                };
                vec![quantile(0.5), quantile(0.95), quantile(0.99)]
            }
            Kind::Gauge | Kind::Info | Kind::Unknown => vec![(
                format!("{name}{selector}"),
                legend([&["instance"], labels.as_slice()].concat()),
            )],
        };
        Panel {
            title: name.clone(),
            description: one.help.clone(),
            kind: "timeseries",
            unit: unit(one),
            queries,
        }
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
        let instances = format!("label_values(up{{job={}}}, instance)", quoted(source.job));
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
            "templating": { "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": { "text": "Prometheus", "value": DATASOURCE },
                },
                {
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
                },
            ] },
            "panels": self.panels,
        });
        format!("{board:#}\n")
    }
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

const WIDTH: u64 = 8;
const HEIGHT: u64 = 8;
const ACROSS: u64 = 3;
