use std::{cell::Cell, time::SystemTime};

use proptest::prelude::*;

use super::*;

/// One sink and its clock; notes what arrives.
struct Desk {
    incidents: Incidents,
    start: Instant,
    now: Cell<u64>,
    arrival: Arrival,
    counts: [u64; 4],
    held: u64,
}

const SENT: usize = 0;
const FAILED: usize = 1;
const SUPPRESSED: usize = 2;
const ACCEPTED: usize = 3;

impl Desk {
    fn new(policy: AlertPolicy) -> Self {
        let start = Instant::now();
        Self {
            incidents: Incidents::new(policy, false, start),
            start,
            now: Cell::new(0),
            arrival: Arrival::Yes,
            counts: [0; 4],
            held: 0,
        }
    }

    fn at(&self, seconds: u64) -> &Self {
        self.now.set(seconds);
        self
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.now.get())
    }

    /// What the sink gets to see of an alert.
    fn take(&mut self, draft: Draft) -> Option<String> {
        let now = self.now();
        let Verdict { step, given_up } = self.incidents.take(draft, now);
        self.counts[ACCEPTED] += 1;
        self.held -= given_up;
        self.counts[SUPPRESSED] += given_up;
        match step {
            Step::Send(message) => Some(self.send(&message)),
            Step::Suppress => {
                self.counts[SUPPRESSED] += 1;
                None
            }
            Step::Hold => {
                self.held += 1;
                None
            }
        }
    }

    fn fire(&mut self, key: &str) -> Option<String> {
        self.take(draft(key, AlertState::Firing, "error"))
    }

    fn resolve(&mut self, key: &str) -> Option<String> {
        self.take(draft(key, AlertState::Resolved, "info"))
    }

    fn due(&mut self) -> Option<String> {
        let now = self.now();
        let message = self.incidents.due(now)?;
        self.held -= message.told + message.counted;
        Some(self.send(&message))
    }

    fn send(&mut self, message: &Message) -> String {
        let now = self.now();
        self.incidents.note(&message.alert, self.arrival, now);
        if self.arrival == Arrival::Yes {
            self.counts[SENT] += message.told;
            self.counts[SUPPRESSED] += message.counted;
        } else {
            self.counts[FAILED] += message.told + message.counted;
        }
        shown(&message.alert)
    }
}

fn shown(alert: &Alert) -> String {
    let details: Vec<String> = alert
        .details
        .iter()
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    let state = alert.state.as_str();
    format!("{state} {} +{}{}", alert.key, alert.repeats, details.concat())
}

fn draft(key: &str, state: AlertState, severity: &str) -> Draft {
    let alert = Alert {
        key: key.to_owned(),
        state,
        severity: severity.to_owned(),
        message: format!("{key} is odd"),
        target: "test".to_owned(),
        time: SystemTime::UNIX_EPOCH,
        category: None,
        details: Vec::new(),
        repeats: 0,
    };
    Draft::new(alert, b"")
}

fn policy() -> AlertPolicy {
    AlertPolicy::default().window(Duration::from_secs(600)).burst(100)
}

fn told(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_fires_already_is_not_sent_again_within_the_window_and_counted_afterwards() {
    let mut desk = Desk::new(policy());

    assert_eq!(desk.fire("pool"), told("firing pool +0"));
    for second in 1..=4 {
        desk.at(second);
        assert_eq!(desk.fire("pool"), None);
    }
    desk.at(599);
    assert_eq!(desk.fire("pool"), None);
    desk.at(600);
    assert_eq!(desk.fire("pool"), told("firing pool +5"));
    assert_eq!(desk.fire("pool"), None);
    assert_eq!(desk.resolve("pool"), told("resolved pool +1"));
    assert_eq!(desk.counts, [3, 0, 6, 9]);
}

#[test]
fn what_becomes_graver_is_sent_at_once() {
    let mut desk = Desk::new(policy());
    let mut fire = |severity| desk.take(draft("disk", AlertState::Firing, severity));

    assert_eq!(fire("warning"), told("firing disk +0"));
    assert_eq!(fire("warning"), None);
    assert_eq!(fire("critical"), told("firing disk +1"));
    assert_eq!(fire("warning"), None);
    assert_eq!(fire("critical"), None);
}

#[test]
fn an_end_is_told_only_where_the_beginning_was() {
    let mut desk = Desk::new(policy());

    assert_eq!(desk.resolve("pool"), None);
    desk.arrival = Arrival::No;
    assert_eq!(desk.fire("pool"), told("firing pool +0"));
    desk.arrival = Arrival::Yes;
    assert_eq!(desk.resolve("pool"), None);
    desk.arrival = Arrival::Perhaps;
    assert_eq!(desk.fire("pool"), told("firing pool +0"));
    desk.arrival = Arrival::Yes;
    assert_eq!(desk.resolve("pool"), told("resolved pool +0"));
    assert_eq!(desk.resolve("pool"), None);
    assert_eq!(desk.counts, [1, 2, 3, 6]);
}

#[test]
fn what_did_not_arrive_is_sent_again_when_it_fires_again() {
    for arrival in [Arrival::No, Arrival::Perhaps] {
        let mut desk = Desk::new(policy());
        desk.arrival = arrival;
        assert_eq!(desk.fire("pool"), told("firing pool +0"));
        desk.arrival = Arrival::Yes;

        assert_eq!(desk.fire("pool"), told("firing pool +0"));
        assert_eq!(desk.fire("pool"), None);
    }
}

#[test]
fn an_end_that_did_not_arrive_leaves_it_open_and_is_told_the_next_time() {
    let mut desk = Desk::new(policy());
    assert_eq!(desk.fire("pool"), told("firing pool +0"));
    desk.arrival = Arrival::No;
    assert_eq!(desk.resolve("pool"), told("resolved pool +0"));
    desk.arrival = Arrival::Yes;

    assert_eq!(desk.fire("pool"), None, "nobody was told that it had ended");
    assert_eq!(desk.resolve("pool"), told("resolved pool +1"));
}

#[test]
fn flapping_is_told_once_and_its_end_when_it_has_lasted() {
    let mut desk = Desk::new(policy());
    for second in [0, 10, 20] {
        desk.at(second);
        assert_eq!(desk.fire("link"), told("firing link +0"));
        assert_eq!(desk.resolve("link"), told("resolved link +0"));
    }

    desk.at(30);
    assert_eq!(desk.fire("link"), told("firing link +0 flapping=true"));
    for second in 31..40 {
        desk.at(second);
        assert_eq!(desk.resolve("link"), None);
        assert_eq!(desk.fire("link"), None);
    }
    desk.at(40);
    assert_eq!(desk.resolve("link"), None);
    let now = desk.now();
    assert_eq!(desk.incidents.next_due(now), Some(now + Duration::from_secs(600)));
    desk.at(639);
    assert_eq!(desk.due(), None);
    desk.at(640);
    assert_eq!(desk.due(), told("resolved link +9"));
    assert_eq!((desk.due(), desk.held), (None, 0));
    desk.at(641);
    assert_eq!(desk.fire("link"), told("firing link +0"));
    assert_eq!(desk.counts, [9, 0, 18, 27]);
}

#[test]
fn what_is_too_much_is_told_in_one_digest() {
    let mut desk = Desk::new(policy().burst(2).refill(Duration::from_secs(30)));
    assert_eq!(desk.fire("a"), told("firing a +0"));
    assert_eq!(desk.fire("b"), told("firing b +0"));

    for key in ["c", "d", "d", "e"] {
        assert_eq!(desk.fire(key), None);
    }
    assert_eq!(desk.resolve("a"), told("resolved a +0"));
    assert_eq!(desk.resolve("e"), None);
    assert_eq!(desk.due(), None);
    let now = desk.now();
    assert_eq!(desk.incidents.next_due(now), Some(now + Duration::from_secs(30)));

    desk.at(30);
    let digest = "firing alerts.held-back +0 c=1 x error: c is odd d=2 x error: d is odd e=1 x error, resolved: e is odd";
    assert_eq!(desk.due(), told(digest));
    assert_eq!((desk.due(), desk.held), (None, 0));
    assert_eq!(desk.counts, [3, 0, 5, 8]);
}

#[test]
fn a_single_alert_that_had_to_wait_is_told_as_itself() {
    let mut desk = Desk::new(policy().burst(1).refill(Duration::from_secs(30)));
    assert_eq!(desk.fire("a"), told("firing a +0"));

    assert_eq!(
        [desk.fire("b"), desk.fire("b"), desk.fire("b")],
        [None, None, None]
    );
    desk.at(30);
    assert_eq!(desk.due(), told("firing b +2"));
    assert_eq!(desk.resolve("b"), told("resolved b +0"));
    assert_eq!(desk.counts, [3, 0, 2, 5]);
}

#[test]
fn a_digest_names_so_many_and_counts_the_rest() {
    let mut desk = Desk::new(policy().burst(1).refill(Duration::from_secs(30)));
    drop(desk.fire("first"));

    for key in 0..50 {
        assert_eq!(desk.fire(&key.to_string()), None);
    }
    desk.at(30);
    let digest = desk.due().unwrap();
    assert!(digest.contains(" 19=1 x error: 19 is odd others=30"), "{digest}");
    assert!(!digest.contains(" 20="), "{digest}");
}

#[test]
fn what_nobody_resolves_ends_when_it_is_quiet() {
    let mut desk = Desk::new(policy());
    let mut raised = draft("errors", AlertState::Firing, "error");
    raised.quiet = Some(Duration::from_secs(60));

    assert_eq!(desk.take(raised.clone()), told("firing errors +0"));
    desk.at(50);
    assert_eq!(desk.take(raised), None);
    desk.at(109);
    assert_eq!(desk.due(), None);
    desk.at(110);
    assert_eq!(desk.due(), told("resolved errors +1"));
    assert_eq!(desk.due(), None);
    assert_eq!(desk.counts, [1, 0, 1, 2]);
}

#[test]
fn the_end_of_the_log_tells_what_was_held() {
    let mut desk = Desk::new(policy().burst(4).refill(Duration::from_secs(3600)));
    for _ in 0..3 {
        drop(desk.fire("link"));
        drop(desk.resolve("link"));
    }
    drop(desk.fire("link"));
    assert_eq!(desk.resolve("link"), None);
    assert_eq!([desk.fire("x"), desk.fire("y")], [None, None]);

    let now = desk.now();
    let mut words = Vec::new();
    while let Some(message) = desk.incidents.last_words(now) {
        words.push(shown(&message.alert));
    }

    assert_eq!(
        words,
        [
            "firing alerts.held-back +0 x=1 x error: x is odd y=1 x error: y is odd",
            "resolved link +0"
        ]
    );
}

#[test]
fn so_many_alerts_are_told_apart_and_those_that_are_over_are_forgotten_first() {
    let mut desk = Desk::new(policy().burst(u32::MAX));
    assert_eq!(desk.fire("lasting"), told("firing lasting +0"));

    for key in 0..5000 {
        let key = key.to_string();
        drop(desk.fire(&key));
        drop(desk.resolve(&key));
    }

    assert_eq!(desk.incidents.known.len(), MOST_KNOWN);
    assert_eq!(desk.fire("lasting"), None);
    assert_eq!(desk.resolve("lasting"), told("resolved lasting +1"));
}

#[derive(Clone, Debug)]
enum Move {
    Fire(u8, bool),
    Resolve(u8),
    Wait(u64),
    Breaks(bool),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        (0..4_u8, any::<bool>()).prop_map(|(key, quiet)| Move::Fire(key, quiet)),
        (0..4_u8).prop_map(Move::Resolve),
        (0..300_u64).prop_map(Move::Wait),
        any::<bool>().prop_map(Move::Breaks),
    ];
    prop::collection::vec(one, 0..120)
}

proptest! {
    #[test]
    fn every_alert_is_accounted_for_and_no_end_comes_without_a_beginning(moves in moves()) {
        let mut desk = Desk::new(policy().burst(3));
        let mut open: HashMap<String, bool> = HashMap::new();
        for step in moves {
            let mut seen = Vec::new();
            match step {
                Move::Fire(key, quiet) => {
                    let mut raised = draft(&key.to_string(), AlertState::Firing, "error");
                    raised.quiet = quiet.then(|| Duration::from_secs(60));
                    seen.extend(desk.take(raised));
                }
                Move::Resolve(key) => seen.extend(desk.resolve(&key.to_string())),
                Move::Wait(seconds) => {
                    desk.at(desk.now.get() + seconds);
                    seen.extend(std::iter::from_fn(|| desk.due()));
                }
                Move::Breaks(breaks) => desk.arrival = if breaks { Arrival::No } else { Arrival::Yes },
            }
            for text in seen.into_iter().filter(|_| desk.arrival == Arrival::Yes) {
                let mut words = text.split(' ');
                let (state, key) = (words.next().unwrap(), words.next().unwrap().to_owned());
                let was_open = open.insert(key, state == "firing").unwrap_or(false);
                prop_assert!(state == "firing" || was_open, "{text}");
            }
            let [sent, failed, suppressed, accepted] = desk.counts;
            prop_assert_eq!(accepted, sent + failed + suppressed + desk.held);
        }
    }
}
