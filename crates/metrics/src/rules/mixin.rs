//! The ready alerts. Each is there if the metrics that it reads are.

use std::time::Duration;

use super::{
    alert::{Alert, Case, Group},
    catalogue::Catalogue,
    ready::{Ready, Scope, ready},
};

/// The alerts for which there are metrics. `hold` may give an alert another time to hold.
pub(super) fn group(catalogue: &Catalogue, service: &str, hold: impl Fn(&str) -> Option<Duration>) -> Group {
    let alerts = ready()
        .filter_map(|ready| ready.alert(catalogue, hold(ready.name)))
        .collect();
    Group {
        name: format!("alerts-{service}"),
        recordings: Vec::new(),
        alerts,
    }
}

impl Ready {
    fn alert(&self, catalogue: &Catalogue, hold: Option<Duration>) -> Option<Alert> {
        let default = Duration::from_secs(self.hold * 60);
        let hold = hold.unwrap_or(default);
        // A longer hold is reached later.
        let longer = hold.saturating_sub(default).as_secs().div_ceil(60);
        let minutes = self.after + longer;
        let expr = catalogue.expand(self.expr, "")?;
        let case = |title, fires, series: &[(&str, &str)]| {
            Some(Case {
                title,
                fires,
                series: series
                    .iter()
                    .map(|(series, values)| {
                        let series = catalogue.expand(series, &format!(",instance={INSTANCE}"))?;
                        Some((series, values.replace("x*", &format!("x{}", minutes + 10))))
                    })
                    .collect::<Option<_>>()?,
                minutes,
            })
        };
        Some(Alert {
            name: self.name.to_owned(),
            expr,
            hold,
            urgency: self.urgency,
            labels: Vec::new(),
            from_expr: self.labels(&catalogue.job),
            summary: self.summary.to_owned(),
            description: self.description.to_owned(),
            cases: vec![
                case("it is so", true, self.fires)?,
                case("it is not so", false, self.quiet)?,
            ],
        })
    }

    fn labels(&self, job: &str) -> Vec<(String, String)> {
        let instance = match self.scope {
            Scope::Instance => Some(("instance", "a:9000")),
            Scope::Job => None,
        };
        [("job", job)]
            .into_iter()
            .chain(instance)
            .chain(self.labels.iter().copied())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

const INSTANCE: &str = "\"a:9000\"";
