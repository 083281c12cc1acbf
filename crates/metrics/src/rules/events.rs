use std::{fmt::Write as _, time::Duration};

use super::{
    RulesError,
    alert::Case,
    catalogue::Catalogue,
    promql::{number, quoted},
};
use crate::{
    Definition,
    descriptor::Kind,
    objective::{self, Bad, Filter, Objective, Target},
};

/// The events that an objective is about, as series that exist.
#[derive(Debug)]
pub(super) struct Events {
    job: String,
    filters: Vec<Filter>,
    /// Counts all of them.
    total: String,
    bad: BadEvents,
    may_expire: bool,
}

#[derive(Debug)]
enum BadEvents {
    Label {
        label: String,
        pattern: String,
        example: String,
    },
    Counter(String),
    /// All but those in this bucket.
    Above {
        histogram: String,
        bound: String,
    },
    /// None is bad, their sum is what matters.
    Sum(String),
}

/// How many events there are in a minute, all and bad ones, and for how many minutes.
#[derive(Clone, Copy)]
struct Stretch {
    total: f64,
    bad: f64,
    minutes: u64,
}

impl Events {
    /// Finds the metrics of an objective.
    pub(super) fn resolve(objective: &Objective, catalogue: &Catalogue) -> Result<Self, RulesError> {
        let lookup = Lookup { objective, catalogue };
        let found = lookup.metric(&objective.metric)?;
        lookup.filters(found)?;
        let events = |total: String, bad| Self {
            job: catalogue.job.clone(),
            filters: objective.filters.clone(),
            total,
            bad,
            may_expire: found.expires_after.is_some(),
        };
        match &objective.target {
            Target::Availability { bad, .. } => {
                let total = match found.kind {
                    Kind::Counter => found.name.clone(),
                    Kind::Histogram => format!("{}_count", found.name),
                    _ => return Err(lookup.wrong(found, "counter")),
                };
                Ok(events(total, lookup.bad(bad.as_ref(), found)?))
            }
            Target::Latency { threshold, .. } => {
                lookup.histogram(found)?;
                let bound = lookup.boundary(found, *threshold)?;
                let histogram = found.name.clone();
                Ok(events(
                    format!("{histogram}_count"),
                    BadEvents::Above { histogram, bound },
                ))
            }
            Target::Mean { .. } => {
                lookup.histogram(found)?;
                let sum = BadEvents::Sum(format!("{}_sum", found.name));
                Ok(events(format!("{}_count", found.name), sum))
            }
        }
    }

    /// Whether there may be no series because nothing happened for long.
    pub(super) const fn may_expire(&self) -> bool {
        self.may_expire
    }

    /// The selector of all events.
    pub(super) fn total(&self) -> String {
        self.select(&self.total, "")
    }

    /// The share of bad events in a window; nothing when there were none at all.
    pub(super) fn ratio(&self, window: &str) -> String {
        let all = format!("(sum(rate({}[{window}])) > 0)", self.total());
        let bad = match &self.bad {
            BadEvents::Label { label, pattern, .. } => {
                self.select(&self.total, &format!(",{label}=~{}", quoted(pattern)))
            }
            BadEvents::Counter(name) => self.select(name, ""),
            BadEvents::Above { histogram, bound } => {
                let good = self.select(&format!("{histogram}_bucket"), &format!(",le={}", quoted(bound)));
                return format!("1 - (\n  sum(rate({good}[{window}]))\n  /\n  {all}\n)");
            }
            BadEvents::Sum(_) => return self.mean(window),
        };
        format!("(sum(rate({bad}[{window}])) or vector(0))\n/\n{all}")
    }

    /// The mean of the observations in a window.
    pub(super) fn mean(&self, window: &str) -> String {
        let sum = match &self.bad {
            BadEvents::Sum(sum) => sum,
            _ => &self.total,
        };
        format!(
            "sum(rate({}[{window}]))\n/\n(sum(rate({}[{window}])) > 0)",
            self.select(sum, ""),
            self.total()
        )
    }

    /// Cases of an alert that fires above a share of bad events in two windows.
    pub(super) fn burn_cases(
        &self,
        limit: f64,
        (long, short): (Duration, Duration),
        hold: Duration,
        minimum: u64,
    ) -> Vec<Case> {
        let total = plenty(minimum);
        let minutes = 30 + in_minutes(hold).next_multiple_of(STEP);
        let steady = |share: f64| Stretch {
            total,
            bad: (total * share).round(),
            minutes: minutes + STEP,
        };
        let burst = burst(total, limit, in_minutes(long), in_minutes(short));
        let over = burst.iter().map(|stretch| stretch.minutes).sum();
        let mut cases = vec![
            self.case("the budget burns", true, &[steady(limit.midpoint(1.0))], minutes),
            self.case("few events are bad", false, &[steady(limit / 2.0)], minutes),
            self.case("it was bad, and is over", false, &burst, over),
        ];
        cases.extend(few(minimum, minutes).map(|few| {
            let all_bad = Stretch {
                bad: few.total,
                ..few
            };
            self.case("there are too few events to tell", false, &[all_bad], minutes)
        }));
        cases
    }

    /// Cases of an alert that fires above a mean.
    pub(super) fn mean_cases(&self, limit: f64, hold: Duration, minimum: u64) -> Vec<Case> {
        let minutes = 30 + in_minutes(hold).next_multiple_of(STEP);
        let at = |mean: f64| {
            let total = plenty(minimum);
            Stretch {
                total,
                bad: total * mean,
                minutes: minutes + STEP,
            }
        };
        let mut cases = vec![
            self.case("all are slow", true, &[at(limit * 2.0)], minutes),
            self.case("all are fast", false, &[at(limit / 2.0)], minutes),
        ];
        cases.extend(few(minimum, minutes).map(|few| {
            let slow = Stretch {
                bad: few.total * limit * 2.0,
                ..few
            };
            self.case("there are too few events to tell", false, &[slow], minutes)
        }));
        cases
    }

    /// Cases of an alert that fires when there is no event although there could be.
    pub(super) fn absent_cases(&self, hold: Duration) -> Vec<Case> {
        let minutes = 30 + in_minutes(hold).next_multiple_of(STEP);
        let up = |value: u8| {
            (
                format!("up{{job={},instance={INSTANCE}}}", quoted(&self.job)),
                format!("{value}x{}", minutes + STEP),
            )
        };
        let idle = Stretch {
            total: 0.0,
            bad: 0.0,
            minutes: minutes + STEP,
        };
        let mut there = self.case("there are series", false, &[idle], minutes);
        there.series.push(up(1));
        let missing = |title, fires, value| Case {
            title,
            fires,
            series: vec![up(value)],
            minutes,
        };
        vec![
            missing("the service is up, the series are missing", true, 1),
            there,
            missing("the service is down", false, 0),
        ]
    }

    fn case(&self, title: &'static str, fires: bool, stretches: &[Stretch], minutes: u64) -> Case {
        Case {
            title,
            fires,
            series: self.series(stretches),
            minutes,
        }
    }

    /// The series in which these events show.
    fn series(&self, stretches: &[Stretch]) -> Vec<(String, String)> {
        let good = values(stretches, |stretch| stretch.total - stretch.bad);
        let bad = values(stretches, |stretch| stretch.bad);
        let total = (
            self.example(&self.total, None),
            values(stretches, |stretch| stretch.total),
        );
        match &self.bad {
            BadEvents::Label { label, example, .. } => {
                let of = |value: &str| self.example(&self.total, Some((label, value)));
                vec![(of(example), bad), (of(GOOD), good)]
            }
            BadEvents::Counter(name) => vec![(self.example(name, None), bad), total],
            BadEvents::Above { histogram, bound } => {
                let bucket = format!("{histogram}_bucket");
                vec![(self.example(&bucket, Some(("le", bound))), good), total]
            }
            BadEvents::Sum(sum) => vec![(self.example(sum, None), bad), total],
        }
    }

    fn select(&self, name: &str, more: &str) -> String {
        let mut selector = format!("{name}{{job={}", quoted(&self.job));
        for filter in &self.filters {
            let _ = write!(
                selector,
                ",{}{}{}",
                filter.label,
                filter.operator,
                quoted(&filter.value)
            );
        }
        selector.push_str(more);
        selector.push('}');
        selector
    }

    /// A series that the selectors find.
    fn example(&self, name: &str, label: Option<(&str, &str)>) -> String {
        let mut series = format!("{name}{{job={},instance={INSTANCE}", quoted(&self.job));
        let only = self.filters.iter().filter(|filter| filter.operator == "=");
        let only = only.map(|filter| (filter.label.as_str(), filter.value.as_str()));
        for (name, value) in only.chain(label) {
            let _ = write!(series, ",{name}={}", quoted(value));
        }
        series.push('}');
        series
    }
}

/// Looks metrics up on behalf of an objective.
struct Lookup<'a> {
    objective: &'a Objective,
    catalogue: &'a Catalogue,
}

impl<'a> Lookup<'a> {
    fn metric(&self, name: &str) -> Result<&'a Definition, RulesError> {
        self.catalogue
            .find(name)
            .ok_or_else(|| RulesError::UnknownMetric {
                objective: self.objective.name.clone(),
                metric: name.to_owned(),
            })
    }

    fn filters(&self, found: &Definition) -> Result<(), RulesError> {
        self.objective
            .filters
            .iter()
            .try_for_each(|filter| self.label(found, &filter.label))
    }

    fn label(&self, found: &Definition, label: &str) -> Result<(), RulesError> {
        if found.has_label(label) {
            return Ok(());
        }
        Err(RulesError::UnknownLabel {
            objective: self.objective.name.clone(),
            metric: found.name.clone(),
            label: label.to_owned(),
        })
    }

    fn histogram(&self, found: &Definition) -> Result<(), RulesError> {
        match found.kind {
            Kind::Histogram => Ok(()),
            _ => Err(self.wrong(found, "histogram")),
        }
    }

    fn wrong(&self, found: &Definition, expected: &'static str) -> RulesError {
        RulesError::WrongKind {
            objective: self.objective.name.clone(),
            metric: found.name.clone(),
            kind: found.kind(),
            expected,
        }
    }

    fn bad(&self, bad: Option<&Bad>, total: &Definition) -> Result<BadEvents, RulesError> {
        match bad {
            Some(Bad::Label {
                label,
                pattern,
                example,
            }) => {
                self.label(total, label)?;
                Ok(BadEvents::Label {
                    label: label.clone(),
                    pattern: pattern.clone(),
                    example: example.clone(),
                })
            }
            Some(Bad::Counter(name)) => {
                let found = self.metric(name)?;
                if found.kind != Kind::Counter {
                    return Err(self.wrong(found, "counter"));
                }
                self.filters(found)?;
                Ok(BadEvents::Counter(found.name.clone()))
            }
            None => Err(RulesError::NothingIsBad {
                objective: self.objective.name.clone(),
            }),
        }
    }

    /// The value of `le` for a threshold.
    fn boundary(&self, found: &Definition, threshold: Duration) -> Result<String, RulesError> {
        objective::boundary(&found.buckets, threshold)
            .map(number)
            .ok_or_else(|| RulesError::NotABoundary {
                objective: self.objective.name.clone(),
                metric: found.name.clone(),
                threshold: threshold.as_secs_f64(),
                buckets: found.buckets.clone(),
            })
    }
}

/// So many events a minute that a small share of them is many.
#[expect(clippy::cast_precision_loss, reason = "a test needs no more than many")]
fn plenty(minimum: u64) -> f64 {
    1_000_000.0_f64.max(minimum as f64 * 10.0)
}

/// Half of what is needed for a judgement, over `minutes`.
#[expect(clippy::cast_precision_loss, reason = "both are small")]
fn few(minimum: u64, minutes: u64) -> Option<Stretch> {
    let minutes = minutes + STEP;
    (minimum > 0).then(|| Stretch {
        total: minimum as f64 / (2 * minutes) as f64,
        bad: 0.0,
        minutes,
    })
}

/// A time in which all is bad, and one after it in which nothing is, that ends while the long window is still full of it, but
/// no longer the short one.
#[expect(clippy::cast_precision_loss, reason = "minutes are few")]
fn burst(total: f64, limit: f64, long: u64, short: u64) -> [Stretch; 2] {
    let calm = short + 3 * STEP;
    let shortest = calm as f64 * limit / (1.0 - limit) * 2.0;
    let bad = (30..long).find(|minutes| *minutes as f64 >= shortest);
    [(total, bad.unwrap_or(long)), (0.0, calm)].map(|(bad, minutes)| Stretch { total, bad, minutes })
}

const fn in_minutes(duration: Duration) -> u64 {
    duration.as_secs().div_ceil(60)
}

/// A counter in promtool's notation that grows by so much each minute.
#[expect(clippy::cast_precision_loss, reason = "minutes are few")]
fn values(stretches: &[Stretch], each: impl Fn(&Stretch) -> f64) -> String {
    let mut text = String::from("0");
    let mut reached = 0.0;
    for stretch in stretches.iter().filter(|stretch| stretch.minutes > 0) {
        let by = each(stretch);
        let _ = write!(text, " {:.6}+{by:.6}x{}", reached + by, stretch.minutes - 1);
        reached += by * stretch.minutes as f64;
    }
    text
}

/// How often the rules of objectives are evaluated in the tests, in minutes.
pub(super) const STEP: u64 = 5;
const INSTANCE: &str = "\"a:9000\"";
const GOOD: &str = "neither a bad one nor known";
