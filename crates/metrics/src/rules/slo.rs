//! The rules of an objective.

use std::time::Duration;

use super::{
    RulesError, Urgency,
    alert::{Alert, Group, Recording},
    catalogue::Catalogue,
    events::Events,
    promql::{duration, in_template, number, quoted, share},
};
use crate::objective::{Objective, Target};

/// What all objectives share.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) service: &'a str,
    pub(super) minimum_events: u64,
    pub(super) page_hold: Duration,
    pub(super) ticket_hold: Duration,
}

/// An objective whose metrics exist.
struct Slo<'a> {
    terms: &'a Terms<'a>,
    objective: &'a Objective,
    events: Events,
    id: String,
}

/// Alerts when the budget of 30 days burns `factor` times too fast, in a long and a short window at once.
struct Burn {
    factor: f64,
    long: Duration,
    short: Duration,
    urgency: Urgency,
}

/// The recording and alerting rules of `objective`.
pub(super) fn group(objective: &Objective, terms: &Terms<'_>) -> Result<Group, RulesError> {
    let slo = Slo {
        terms,
        objective,
        events: Events::resolve(objective, terms.catalogue)?,
        id: format!("{}-{}", terms.service, objective.name),
    };
    let (recordings, mut alerts) = match objective.target {
        Target::Availability { percent, .. } | Target::Latency { percent, .. } => {
            if !(percent > 0.0 && percent < 100.0) {
                return Err(RulesError::InvalidPercent {
                    objective: objective.name.clone(),
                    percent,
                });
            }
            let budget = 1.0 - percent / 100.0;
            // Beyond a share of 1 nothing can burn, so such an alert could not fire.
            let possible = BURNS.iter().filter(|burn| burn.factor * budget < 1.0);
            (
                slo.ratios(percent / 100.0, budget),
                possible.map(|burn| slo.burn(burn, budget)).collect(),
            )
        }
        Target::Mean { threshold } => (slo.means(), vec![slo.mean_alert(threshold.as_secs_f64())]),
    };
    // Series that expire are missing whenever nothing happens.
    alerts.extend((!slo.events.may_expire()).then(|| slo.absent()));
    Ok(Group {
        name: format!("slo-{}", slo.id),
        recordings,
        alerts,
    })
}

impl Slo<'_> {
    fn ratios(&self, objective: f64, budget: f64) -> Vec<Recording> {
        let mut recordings: Vec<Recording> = WINDOWS
            .into_iter()
            .map(|window| {
                let window = duration(window);
                self.ratio(&window, self.events.ratio(&window))
            })
            .collect();
        recordings.push(self.ratio("30d", self.ratio_of_the_month()));
        recordings.extend(self.budget(objective, budget));
        let mut info = self.record("sloth_slo_info", "vector(1)".to_owned());
        info.labels
            .push(("sloth_objective".to_owned(), share(objective * 100.0)));
        recordings.push(info);
        recordings
    }

    /// The share of bad events in a window.
    fn ratio(&self, window: &str, expr: String) -> Recording {
        let mut recording = self.record(&format!("slo:sli_error:ratio_rate{window}"), expr);
        recording
            .labels
            .push(("sloth_window".to_owned(), window.to_owned()));
        recording
    }

    /// From what is recorded already: a range of 30 days would be read anew each time.
    fn ratio_of_the_month(&self) -> String {
        let base = format!("slo:sli_error:ratio_rate5m{}", self.selector());
        format!("sum_over_time({base}[30d])\n/ ignoring (sloth_window)\ncount_over_time({base}[30d])")
    }

    /// The budget, and what is left of it.
    fn budget(&self, objective: f64, budget: f64) -> [Recording; 6] {
        let selector = self.selector();
        let burning = |ratio: &str| {
            format!("max without (sloth_window) ({ratio}{selector})\n/\nslo:error_budget:ratio{selector}")
        };
        [
            ("slo:objective:ratio", format!("vector({})", share(objective))),
            ("slo:error_budget:ratio", format!("vector({})", share(budget))),
            ("slo:time_period:days", "vector(30)".to_owned()),
            (
                "slo:current_burn_rate:ratio",
                burning("slo:sli_error:ratio_rate5m"),
            ),
            (
                "slo:period_burn_rate:ratio",
                burning("slo:sli_error:ratio_rate30d"),
            ),
            (
                "slo:period_error_budget_remaining:ratio",
                format!("1 - slo:period_burn_rate:ratio{selector}"),
            ),
        ]
        .map(|(name, expr)| self.record(name, expr))
    }

    fn means(&self) -> Vec<Recording> {
        [MEAN_SHORT, MEAN_LONG]
            .map(|window| {
                let window = duration(window);
                self.record(&mean_name(&window), self.events.mean(&window))
            })
            .into()
    }

    fn burn(&self, burn: &Burn, budget: f64) -> Alert {
        let selector = self.selector();
        let (long, short) = (duration(burn.long), duration(burn.short));
        let limit = format!("({} * {})", burn.factor, share(budget));
        let hold = match burn.urgency {
            Urgency::Page => self.terms.page_hold,
            Urgency::Ticket => self.terms.ticket_hold,
        };
        let mut alert = self.alert(&format!("BudgetBurn{long}"), burn.urgency, hold);
        alert.expr = format!(
            "max without (sloth_window) (\n  slo:sli_error:ratio_rate{long}{selector} > {limit}\n  and ignoring (sloth_window)\n  slo:sli_error:ratio_rate{short}{selector} > {limit}\n)\n{}",
            self.enough(&long)
        );
        alert.from_expr = self.labels();
        alert.summary = format!(
            "{} burns its error budget {} times too fast",
            self.title(),
            burn.factor
        );
        alert.description = format!(
            "More of the events of the last {long} and of the last {short} were bad than {} times the error budget of 30 days.",
            burn.factor
        );
        alert.cases = self.events.burn_cases(
            burn.factor * budget,
            (burn.long, burn.short),
            hold,
            self.terms.minimum_events,
        );
        alert
    }

    fn mean_alert(&self, threshold: f64) -> Alert {
        let selector = self.selector();
        let limit = number(threshold);
        let [short, long] = [MEAN_SHORT, MEAN_LONG].map(duration);
        let mut alert = self.alert("High", Urgency::Ticket, self.terms.ticket_hold);
        alert.expr = format!(
            "(\n  {}{selector} > {limit}\n  and ignoring (sloth_window)\n  {}{selector} > {limit}\n)\n{}",
            mean_name(&long),
            mean_name(&short),
            self.enough(&long)
        );
        alert.from_expr = self.labels();
        alert.summary = format!("{} is above its objective of {limit} s", self.title());
        alert.description =
            format!("The mean of the last {long} and of the last {short} is above {limit} seconds.");
        alert.cases = self
            .events
            .mean_cases(threshold, self.terms.ticket_hold, self.terms.minimum_events);
        alert
    }

    /// Tells that nothing is known, which looks like nothing is wrong.
    fn absent(&self) -> Alert {
        let up = format!("up{{job={}}}", quoted(&self.terms.catalogue.job));
        let hold = Duration::from_hours(1);
        let mut alert = self.alert("NoData", Urgency::Ticket, hold);
        alert.expr = format!("absent(sum({}))\nand on ()\n(sum({up}) > 0)", self.events.total());
        alert.labels = self
            .labels()
            .into_iter()
            .map(|(name, value)| (name, in_template(&value)))
            .collect();
        alert.from_expr = Vec::new();
        alert.summary = format!("{} cannot be told, its metric is missing", self.title());
        alert.description =
            "The service is up, but has no series of the metric of this objective.".to_owned();
        alert.cases = self.events.absent_cases(hold);
        alert
    }

    fn alert(&self, suffix: &str, urgency: Urgency, hold: Duration) -> Alert {
        Alert {
            name: format!("{}{suffix}", self.objective.camel()),
            expr: String::new(),
            hold,
            urgency,
            labels: Vec::new(),
            from_expr: Vec::new(),
            summary: String::new(),
            description: String::new(),
            cases: Vec::new(),
        }
    }

    fn title(&self) -> String {
        format!("{} of {}", self.objective.name, self.terms.service)
    }

    /// A few events are no base for a judgement.
    fn enough(&self, window: &str) -> String {
        format!(
            "and on ()\n(sum(increase({}[{window}])) >= {})",
            self.events.total(),
            self.terms.minimum_events
        )
    }

    fn selector(&self) -> String {
        format!("{{sloth_id={}}}", quoted(&self.id))
    }

    fn labels(&self) -> Vec<(String, String)> {
        [
            ("sloth_id", self.id.as_str()),
            ("sloth_service", self.terms.service),
            ("sloth_slo", &self.objective.name),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn record(&self, name: &str, expr: String) -> Recording {
        Recording {
            name: name.to_owned(),
            expr,
            labels: self.labels(),
        }
    }
}

fn mean_name(window: &str) -> String {
    format!("slo:sli_mean:seconds_rate{window}")
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

const MEAN_SHORT: Duration = minutes(5);
const MEAN_LONG: Duration = minutes(60);

const WINDOWS: [Duration; 7] = [
    minutes(5),
    minutes(30),
    minutes(60),
    minutes(2 * 60),
    minutes(6 * 60),
    minutes(24 * 60),
    minutes(3 * 24 * 60),
];

/// Those of the SRE workbook: 2 % of the budget in an hour, 5 % in six, 10 % in a day and in three.
const BURNS: [Burn; 4] = [
    Burn {
        factor: 14.4,
        long: minutes(60),
        short: minutes(5),
        urgency: Urgency::Page,
    },
    Burn {
        factor: 6.0,
        long: minutes(6 * 60),
        short: minutes(30),
        urgency: Urgency::Page,
    },
    Burn {
        factor: 3.0,
        long: minutes(24 * 60),
        short: minutes(2 * 60),
        urgency: Urgency::Ticket,
    },
    Burn {
        factor: 1.0,
        long: minutes(3 * 24 * 60),
        short: minutes(6 * 60),
        urgency: Urgency::Ticket,
    },
];
