use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant, SystemTime},
};

use groundcrew_base::Clock;
use tracing::{Event, Level, Metadata};

use super::{
    Alert, AlertContext, AlertPolicy, AlertRule, AlertSeverity, AlertSink, AlertState,
    draft::Draft,
    identity::Identity,
    queue::{self, AlertQueue},
    reading::Reading,
    rule::{Raised, callsite, severity},
};
use crate::{
    Error, Redactor,
    chain::Chain,
    closing::Closing,
    held,
    level::rank,
    notice::TARGET,
    panic,
    remote::later,
    reporter::Reporter,
    stats::{AlertCounts, AlertSinkStats},
};

/// Picks the events that are alerts and hands them to every sink.
#[derive(Debug)]
pub(crate) struct AlertDesk {
    rules: Vec<AlertRule>,
    /// The rank of the least grave level that a rule looks at.
    least: Option<usize>,
    /// The fields that rules tell alerts apart by.
    chosen: Vec<String>,
    redactor: Redactor,
    identity: Identity,
    desks: Vec<Counter>,
}

/// One sink behind its queue.
#[derive(Debug)]
struct Counter {
    name: String,
    policy: AlertPolicy,
    queue: AlertQueue,
}

/// A sink as it was asked for.
pub(crate) struct AlertRoute {
    pub(crate) name: String,
    pub(crate) policy: AlertPolicy,
    pub(crate) sink: Box<dyn AlertSink>,
}

/// What every sink is told of the log.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) service: String,
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) reporter: Reporter,
}

impl AlertDesk {
    pub(crate) fn start(
        routes: Vec<AlertRoute>,
        rules: Vec<AlertRule>,
        origin: &Origin,
    ) -> Result<Self, Error> {
        let desks = routes
            .into_iter()
            .map(|route| Counter::start(route, origin))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            least: rules.iter().map(|rule| rank(rule.least_level())).max(),
            chosen: rules.iter().flat_map(AlertRule::fields).cloned().collect(),
            redactor: origin.redactor.clone(),
            identity: Identity::new(&origin.redactor),
            rules,
            desks,
        })
    }

    /// Whether an event of this level may be an alert without saying so.
    pub(crate) fn watches(&self, level: Level) -> bool {
        self.least.is_some_and(|least| rank(level) <= least)
    }

    /// Hands on what the event is to be alerted of. `line` is how it was logged, `chain` that of its spans.
    pub(crate) fn consider(
        &self,
        event: &Event<'_>,
        is_alert: bool,
        time: SystemTime,
        (line, chain): (&[u8], &Chain),
    ) {
        if queue::is_this_thread() {
            return;
        }
        let metadata = event.metadata();
        let own = metadata.target() == TARGET;
        if !is_alert && (own || !self.rules.iter().any(|rule| rule.may_pick(metadata))) {
            return;
        }
        let masks = (&self.redactor, &self.identity);
        let reading = held::keep(|| Reading::of(event, masks, &self.chosen, chain));
        // The field may be there and have no value.
        let is_alert = is_alert && reading.key.is_some();
        let mut is_told = is_alert;
        if is_alert {
            self.push(&Draft::new(of_key(metadata, &reading, time), line));
        }
        if own {
            panic::note_alerted();
            return;
        }
        let now = Instant::now();
        for rule in self.rules.iter().filter(|rule| rule.picks(metadata, &reading)) {
            if is_told && !rule.is_rate() {
                continue;
            }
            if let Some(raised) = rule.raise(metadata, &reading, now) {
                is_told |= !rule.is_rate();
                self.push(&of_rule(metadata, &reading, raised, time, line));
            }
        }
    }

    /// Hands a panic on; its texts are redacted.
    pub(crate) fn push_panic(&self, key: &str, message: &str, time: SystemTime) {
        let alert = Alert {
            key: key.to_owned(),
            state: AlertState::Firing,
            severity: AlertSeverity::Critical.as_str().to_owned(),
            message: message.to_owned(),
            target: TARGET.to_owned(),
            time,
            category: None,
            details: Vec::new(),
            repeats: 0,
        };
        self.push(&Draft::new(alert, &[]));
    }

    /// Hands an alert to every sink that wants it.
    fn push(&self, draft: &Draft) {
        for desk in &self.desks {
            if !draft.alert.is_firing() || draft.alert.grade() >= desk.policy.least {
                desk.queue.push(draft.clone());
            }
        }
    }

    pub(crate) fn stats(&self) -> Vec<AlertSinkStats> {
        let stats = |desk: &Counter| AlertSinkStats {
            name: desk.name.clone(),
            counts: desk.queue.counts(),
        };
        self.desks.iter().map(stats).collect()
    }

    pub(crate) fn counts(stats: &[AlertSinkStats]) -> AlertCounts {
        stats.iter().fold(AlertCounts::default(), |mut total, sink| {
            total.add(&sink.counts);
            total
        })
    }

    /// Waits until the sinks have what came before; says how many alerts they have not.
    pub(crate) fn flush(&self, deadline: Duration) -> u64 {
        let deadline = later(deadline);
        self.desks.iter().map(|desk| desk.queue.flush(deadline)).sum()
    }

    /// Takes no more alerts; says until when [`AlertDesk::await_end`] is to wait for those that are there.
    pub(crate) fn close(&self, deadline: Duration) -> Instant {
        let deadline = later(deadline);
        for desk in &self.desks {
            desk.queue.close(deadline);
        }
        deadline
    }

    /// Waits until the sinks have those that are waiting; says how many they have not.
    pub(crate) fn await_end(&self, deadline: Instant) -> u64 {
        self.desks.iter().map(|desk| desk.queue.await_end(deadline)).sum()
    }
}

impl Counter {
    fn start(mut route: AlertRoute, origin: &Origin) -> Result<Self, Error> {
        let (closing, retries) = (Closing::default(), Arc::new(AtomicU64::new(0)));
        let context = AlertContext {
            service: origin.service.clone(),
            version: origin.version.clone(),
            environment: origin.environment.clone(),
            clock: origin.clock.clone(),
            redactor: origin.redactor.clone(),
            closing: closing.clone(),
            retries: Arc::clone(&retries),
        };
        let (name, policy) = (route.name.clone(), route.policy.clone());
        if let Err(source) = route.sink.start(&context) {
            return Err(Error::AlertSink { name, source });
        }
        let queue = AlertQueue::start(route, origin.reporter.clone(), closing, retries)?;
        Ok(Self { name, policy, queue })
    }
}

impl fmt::Debug for AlertRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertRoute")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn of_key(metadata: &Metadata<'_>, reading: &Reading, time: SystemTime) -> Alert {
    let state = match &reading.state {
        Some(state) if state.eq_ignore_ascii_case("resolved") => AlertState::Resolved,
        _ => AlertState::Firing,
    };
    Alert {
        key: match &reading.key {
            Some(key) if !key.trim().is_empty() => key.clone(),
            _ => callsite(metadata, reading),
        },
        state,
        severity: severity(metadata, reading),
        message: reading.message.clone(),
        target: metadata.target().to_owned(),
        time,
        category: reading.category.clone(),
        details: Vec::new(),
        repeats: 0,
    }
}

fn of_rule(
    metadata: &Metadata<'_>,
    reading: &Reading,
    raised: Raised,
    time: SystemTime,
    line: &[u8],
) -> Draft {
    let target = reading.log_target.as_deref().unwrap_or_else(|| metadata.target());
    let alert = Alert {
        key: raised.key,
        state: AlertState::Firing,
        severity: raised.severity,
        message: raised.message,
        target: target.to_owned(),
        ..of_key(metadata, reading, time)
    };
    Draft {
        quiet: raised.quiet,
        ..Draft::new(alert, line)
    }
}
