use std::{
    cell::Cell,
    collections::VecDeque,
    error::Error as StdError,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tracing::Level;

use super::{
    Alert, AlertRoute, AlertSink,
    draft::Draft,
    incidents::{Arrival, Incidents, Message, Step, Verdict},
};
use crate::{Error, closing::Closing, notice::Value, reporter::Reporter, stats::AlertCounts};

/// The alerts on their way to one sink, and the thread that feeds it: no sink waits for another one.
#[derive(Debug)]
pub(super) struct AlertQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    closing: Closing,
    retries: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Draft>,
    /// What the thread has taken and not finished.
    in_hand: u64,
    /// What is told later, or only as a number.
    held: u64,
    /// What failed because the deadline of the shutdown came.
    cut_short: u64,
    counts: AlertCounts,
    is_closed: bool,
    /// What is left is not sent any more.
    is_given_up: bool,
    is_finished: bool,
}

thread_local! {
    static SENDS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread sends alerts: what it logs itself is no alert.
pub(crate) fn is_this_thread() -> bool {
    SENDS.try_with(Cell::get).unwrap_or(false)
}

/// Makes this thread one of those that send alerts.
pub(super) fn mark_this_thread() {
    SENDS.with(|sends| sends.set(true));
}

impl AlertQueue {
    /// Starts the thread that feeds `sink`. It ends when the queue is closed or dropped.
    pub(super) fn start(
        route: AlertRoute,
        reporter: Reporter,
        closing: Closing,
        retries: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            closing,
            retries,
        });
        let feeding = Feeding {
            shared: Arc::clone(&shared),
            incidents: Incidents::new(route.policy, route.sink.has_incidents(), Instant::now()),
            sink: route.sink,
            name: route.name,
            reporter,
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || feeding.run())
            .map_err(|source| Error::Thread { name: THREAD, source })?;
        Ok(Self(shared))
    }

    pub(super) fn push(&self, draft: Draft) {
        let mut state = self.0.lock();
        state.counts.accepted += 1;
        if state.is_closed || state.waiting.len() >= MOST_WAITING {
            state.counts.dropped += 1;
            return;
        }
        state.waiting.push_back(draft);
        drop(state);
        self.0.changed.notify_all();
    }

    pub(super) fn counts(&self) -> AlertCounts {
        let state = self.0.lock();
        AlertCounts {
            pending: state.pending(),
            retries: self.0.retries.load(Ordering::Relaxed),
            ..state.counts
        }
    }

    /// Waits until all alerts are with the sink that came before, but for those that are held back. Says how many
    /// are not.
    pub(super) fn flush(&self, deadline: Instant) -> u64 {
        let is_busy =
            |state: &mut State| !state.is_finished && (state.in_hand > 0 || !state.waiting.is_empty());
        let state = self.wait(deadline, is_busy);
        state.waiting.len() as u64 + state.in_hand
    }

    /// Takes no more alerts. [`AlertQueue::await_end`] waits for those that are there.
    pub(super) fn close(&self, deadline: Instant) {
        self.0.closing.announce(deadline);
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }

    /// Waits until the sink has what waits; says how many alerts it has not.
    pub(super) fn await_end(&self, deadline: Instant) -> u64 {
        let mut state = self.wait(deadline, |state| !state.is_finished);
        let given_up = state.waiting.len() as u64 + state.held;
        state.waiting.clear();
        state.held = 0;
        state.is_given_up = true;
        state.counts.dropped += given_up;
        given_up + state.in_hand + state.cut_short
    }

    fn wait(&self, deadline: Instant, condition: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), left, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for AlertQueue {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

/// The side of the thread; whatever ends it, nobody waits for it afterwards.
struct Feeding {
    shared: Arc<Shared>,
    incidents: Incidents,
    sink: Box<dyn AlertSink>,
    name: String,
    reporter: Reporter,
}

/// What the thread wakes up for.
enum Wake {
    Alert(Box<Draft>),
    Due,
    End,
}

impl Feeding {
    fn run(mut self) {
        mark_this_thread();
        loop {
            match self.next() {
                Wake::Alert(draft) => self.handle(*draft),
                Wake::Due => {
                    if let Some(message) = self.incidents.due(Instant::now()) {
                        self.send_held(&message);
                    }
                }
                Wake::End => break,
            }
        }
        while !self.shared.lock().is_given_up {
            let Some(message) = self.incidents.last_words(Instant::now()) else {
                break;
            };
            self.send_held(&message);
        }
    }

    fn next(&mut self) -> Wake {
        let due = self.incidents.next_due(Instant::now());
        let mut state = self.shared.lock();
        loop {
            if let Some(draft) = state.waiting.pop_front() {
                state.in_hand = 1;
                return Wake::Alert(Box::new(draft));
            }
            if state.is_closed {
                return Wake::End;
            }
            let left = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Wake::Due;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn handle(&mut self, draft: Draft) {
        let Verdict { step, given_up } = self.incidents.take(draft, Instant::now());
        let message = {
            let mut state = self.shared.lock();
            let given_up = given_up.min(state.held);
            state.held -= given_up;
            state.counts.suppressed += given_up;
            match step {
                Step::Send(message) => Some(message),
                Step::Suppress => {
                    state.in_hand = 0;
                    state.counts.suppressed += 1;
                    None
                }
                Step::Hold => {
                    state.in_hand = 0;
                    state.held += 1;
                    None
                }
            }
        };
        if let Some(message) = message {
            self.send(&message);
        }
        self.shared.changed.notify_all();
    }

    fn send_held(&mut self, message: &Message) {
        let mut state = self.shared.lock();
        // Given up in the meantime: counted as dropped already.
        if message.were_held && state.is_given_up {
            return;
        }
        let alerts = (message.told + message.counted).min(state.held);
        state.held -= alerts;
        state.in_hand += alerts;
        drop(state);
        self.send(message);
        self.shared.changed.notify_all();
    }

    fn send(&mut self, message: &Message) {
        let arrival = hand_over(&mut *self.sink, &message.alert, &self.name, &self.reporter);
        self.incidents.note(&message.alert, arrival, Instant::now());
        let mut state = self.shared.lock();
        state.in_hand = 0;
        let counts = &mut state.counts;
        if arrival == Arrival::Yes {
            counts.delivered += message.told;
            counts.suppressed += message.counted;
            counts.digests += u64::from(message.counted > 0 && message.told == 0);
        } else {
            counts.failed += message.told + message.counted;
            if self.shared.closing.is_over() {
                state.cut_short += message.told + message.counted;
            }
        }
    }
}

/// Whether the sink has taken the alert. One that panics loses its alert, not the later ones.
fn hand_over(sink: &mut dyn AlertSink, alert: &Alert, name: &str, reporter: &Reporter) -> Arrival {
    match catch_unwind(AssertUnwindSafe(|| sink.send(alert))) {
        Ok(Ok(())) => Arrival::Yes,
        Ok(Err(error)) => {
            let error: &(dyn StdError + 'static) = &*error;
            let error_text = groundcrew_base::error_text(error);
            let fields = [
                ("sink", Value::Text(name)),
                ("alert", Value::Text(&alert.key)),
                ("error", Value::Text(&error_text)),
            ];
            reporter.report(Level::ERROR, "an alert was not sent", &fields);
            if may_have_arrived(error) {
                Arrival::Perhaps
            } else {
                Arrival::No
            }
        }
        // The panic hook has told.
        Err(_) => Arrival::No,
    }
}

#[cfg(feature = "alerts")]
fn may_have_arrived(error: &(dyn StdError + 'static)) -> bool {
    error
        .downcast_ref::<super::AlertTransportError>()
        .is_some_and(super::AlertTransportError::may_have_arrived)
}

#[cfg(not(feature = "alerts"))]
fn may_have_arrived(_: &(dyn StdError + 'static)) -> bool {
    false
}

impl Drop for Feeding {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.is_finished = true;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pending(&self) -> u64 {
        self.waiting.len() as u64 + self.in_hand + self.held
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

const THREAD: &str = "log-alerts";
const MOST_WAITING: usize = 256;
/// How long the thread sleeps when nothing is due; it is woken by what comes.
const IDLE: Duration = Duration::from_secs(3600);
