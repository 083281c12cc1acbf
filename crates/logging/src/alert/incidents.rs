use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{Alert, AlertPolicy, AlertSeverity, AlertState, bucket::Bucket, digest::Digest, draft::Draft};

#[cfg(test)]
mod tests;

/// What one sink has been told, and what it is told next: dedupe, order, flapping and rate.
///
/// Knows no clock and sends nothing itself.
#[derive(Debug)]
pub(super) struct Incidents {
    policy: AlertPolicy,
    /// Whether the sink is told of each by itself, however many there are.
    has_no_digests: bool,
    bucket: Bucket,
    known: HashMap<String, Incident>,
    digest: Digest,
}

#[derive(Debug)]
struct Incident {
    latest: Draft,
    is_firing: bool,
    /// The gravest severity that was sent since it began; nothing was if there is none.
    told: Option<AlertSeverity>,
    /// When that was; unknown if it may not have arrived.
    told_at: Option<Instant>,
    /// How often it came without being sent.
    repeats: u64,
    begins: VecDeque<Instant>,
    is_flapping: bool,
    /// A resolution that is held until it has lasted.
    resolution: Option<Draft>,
    changed: Instant,
}

/// What to do about an alert.
#[derive(Debug)]
pub(super) enum Step {
    Send(Message),
    /// Nobody is told, but for a count.
    Suppress,
    /// It is told later.
    Hold,
}

/// What to do about an alert, and how many that were held before are not told any more.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) step: Step,
    pub(super) given_up: u64,
}

/// An alert to send, and what becomes of the alerts that it stands for.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) alert: Alert,
    /// Alerts told as themselves, 0 or 1.
    pub(super) told: u64,
    /// Alerts that are told as a number only.
    pub(super) counted: u64,
    /// Whether those were held before.
    pub(super) were_held: bool,
}

/// Whether a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Yes,
    No,
    /// The server may have taken it.
    Perhaps,
}

impl Incidents {
    pub(super) fn new(policy: AlertPolicy, has_no_digests: bool, now: Instant) -> Self {
        Self {
            has_no_digests,
            bucket: Bucket::new(policy.burst, policy.refill, now),
            policy,
            known: HashMap::new(),
            digest: Digest::default(),
        }
    }

    /// What to do about the next alert.
    pub(super) fn take(&mut self, draft: Draft, now: Instant) -> Verdict {
        if self.policy.is_plain {
            return Step::Send(Message::of(draft.into_alert())).into();
        }
        match draft.alert.state {
            AlertState::Firing => self.fire(draft, now),
            AlertState::Resolved => self.resolve(draft, now).into(),
        }
    }

    fn fire(&mut self, draft: Draft, now: Instant) -> Verdict {
        self.make_room(&draft.alert.key);
        let window = self.policy.window;
        let incident = self
            .known
            .entry(draft.alert.key.clone())
            .or_insert_with(|| Incident::new(draft.without_line(), now));
        let given_up = u64::from(incident.resolution.take().is_some());
        incident.begin(&draft, now, window);
        let step = if incident.is_known(draft.alert.grade(), now, window) {
            incident.repeats += 1;
            Step::Suppress
        } else if self.has_no_digests || self.digest.is_empty() && self.bucket.take(now) {
            Step::Send(Message::of(incident.alert(draft)))
        } else {
            self.digest.add(draft);
            Step::Hold
        };
        Verdict { step, given_up }
    }

    fn resolve(&mut self, draft: Draft, now: Instant) -> Step {
        let key = &draft.alert.key;
        let Some(incident) = self.known.get_mut(key).filter(|incident| incident.is_firing) else {
            return self.resolve_unknown(draft, now);
        };
        incident.is_firing = false;
        incident.changed = now;
        if incident.told.is_none() {
            self.digest.resolve(key);
            return Step::Suppress;
        }
        if incident.is_flapping {
            incident.resolution = Some(draft);
            return Step::Hold;
        }
        Step::Send(Message::of(incident.alert(draft)))
    }

    /// The end of what this process has not begun: an earlier one may have, or another instance.
    ///
    /// The first of a key is always sent to a sink with incidents, so many of the others as the policy's rate lets through.
    fn resolve_unknown(&mut self, draft: Draft, now: Instant) -> Step {
        let is_first = !self.known.contains_key(&draft.alert.key);
        if !self.has_no_digests || !(is_first || self.bucket.take(now)) {
            return Step::Suppress;
        }
        if is_first {
            self.make_room(&draft.alert.key);
            let incident = Incident::new(draft.without_line(), now);
            self.known.insert(draft.alert.key.clone(), incident);
        }
        Step::Send(Message::of(draft.into_alert()))
    }

    /// A message whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Message> {
        if !self.digest.is_empty() && self.bucket.take(now) {
            return Some(self.held());
        }
        let window = self.policy.window;
        let is_due = |incident: &&mut Incident| incident.due(window).is_some_and(|due| due <= now);
        while let Some(incident) = self.known.values_mut().find(is_due) {
            if let Some(message) = incident.end(now) {
                return Some(message);
            }
        }
        None
    }

    /// When there may be such a message.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<Instant> {
        let held = (!self.digest.is_empty()).then(|| self.bucket.next(now));
        let window = self.policy.window;
        let incidents = self.known.values().filter_map(|incident| incident.due(window));
        incidents.chain(held).min()
    }

    /// What has been held back, told now or never.
    pub(super) fn last_words(&mut self, now: Instant) -> Option<Message> {
        if !self.digest.is_empty() {
            return Some(self.held());
        }
        let held = self
            .known
            .values_mut()
            .find(|incident| incident.resolution.is_some());
        held.and_then(|incident| incident.end(now))
    }

    /// Notes what became of a message.
    pub(super) fn note(&mut self, alert: &Alert, arrival: Arrival, now: Instant) {
        let Some(incident) = self.known.get_mut(&alert.key) else {
            return;
        };
        if arrival != Arrival::No {
            incident.told = alert
                .is_firing()
                .then(|| incident.told.max(Some(alert.grade())))
                .flatten();
        }
        if arrival == Arrival::Yes {
            incident.told_at = alert.is_firing().then_some(now);
            incident.repeats = incident.repeats.saturating_sub(alert.repeats);
        }
    }

    fn held(&mut self) -> Message {
        let digest = std::mem::take(&mut self.digest);
        let (alert, told) = match digest.single() {
            Some((draft, more)) => {
                let mut alert = draft.into_alert();
                alert.repeats = more;
                (alert, 1)
            }
            None => (digest.alert(), 0),
        };
        Message {
            alert,
            told,
            counted: digest.len() - told,
            were_held: true,
        }
    }

    /// Forgets what is over, or else what has not changed for longest.
    fn make_room(&mut self, key: &str) {
        if self.known.len() < MOST_KNOWN || self.known.contains_key(key) {
            return;
        }
        let digest = &self.digest;
        let is_free =
            |incident: &Incident| incident.resolution.is_none() && !digest.holds(&incident.latest.alert.key);
        let oldest = self
            .known
            .iter()
            .filter(|(_, incident)| is_free(incident))
            .min_by_key(|(_, incident)| (incident.is_firing && incident.told.is_some(), incident.changed))
            .map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.known.remove(&oldest);
        }
    }
}

impl Incident {
    fn new(latest: Draft, now: Instant) -> Self {
        Self {
            latest,
            is_firing: false,
            told: None,
            told_at: None,
            repeats: 0,
            begins: VecDeque::new(),
            is_flapping: false,
            resolution: None,
            changed: now,
        }
    }

    /// Notes that it fires.
    fn begin(&mut self, draft: &Draft, now: Instant, window: Duration) {
        self.latest = draft.without_line();
        self.changed = now;
        if self.is_firing {
            return;
        }
        self.is_firing = true;
        self.begins
            .retain(|at| now.saturating_duration_since(*at) < window);
        self.begins.push_back(now);
        if self.begins.len() > STEADY {
            self.begins.pop_front();
        }
        self.is_flapping &= self.begins.len() == STEADY;
    }

    /// Whether those it concerns know it already.
    fn is_known(&self, grade: AlertSeverity, now: Instant, window: Duration) -> bool {
        let is_recent = self
            .told_at
            .is_some_and(|at| now.saturating_duration_since(at) < window);
        let is_graver = self.told.is_none_or(|told| grade > told);
        is_recent && !is_graver
    }

    /// The message, with what else there is to say.
    fn alert(&mut self, draft: Draft) -> Alert {
        let mut alert = draft.into_alert();
        alert.repeats = self.repeats;
        if alert.is_firing() && self.begins.len() == STEADY {
            self.is_flapping = true;
            alert
                .details
                .insert(0, ("flapping".to_owned(), "true".to_owned()));
        }
        alert
    }

    /// When it ends by itself.
    fn due(&self, window: Duration) -> Option<Instant> {
        let lasts = match (&self.resolution, self.latest.quiet) {
            (Some(_), _) => window,
            (None, Some(quiet)) if self.is_firing => quiet,
            _ => return None,
        };
        self.changed.checked_add(lasts)
    }

    /// Ends it, and says so if anybody was told that it began.
    fn end(&mut self, now: Instant) -> Option<Message> {
        self.is_firing = false;
        self.is_flapping = false;
        self.begins.clear();
        self.changed = now;
        let resolution = self.resolution.take();
        let told = u64::from(resolution.is_some());
        let mut draft = resolution.unwrap_or_else(|| self.latest.clone());
        draft.alert.state = AlertState::Resolved;
        self.told?;
        let mut message = Message::of(self.alert(draft));
        message.told = told;
        message.were_held = true;
        Some(message)
    }
}

impl From<Step> for Verdict {
    fn from(step: Step) -> Self {
        Self { step, given_up: 0 }
    }
}

impl Message {
    const fn of(alert: Alert) -> Self {
        Self {
            alert,
            told: 1,
            counted: 0,
            were_held: false,
        }
    }
}

/// How often an alert may begin within a window before it counts as flapping.
const STEADY: usize = 4;
/// The most alerts that are told apart.
const MOST_KNOWN: usize = 1024;
