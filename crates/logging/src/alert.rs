use std::{
    cell::Cell,
    collections::VecDeque,
    error::Error as StdError,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use tracing::{Level, Metadata};

use crate::{Error, encoder::AlertFields, notice::TARGET, stats::AlertCounts};

/// Something that an operator should know now: an event with the field `alert.key`.
///
/// The fields of the event are `alert.key`, which tells alerts apart; `alert.state`, `firing` (the default)
/// or `resolved`; and `severity`. All texts are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// What the alert is about; the same key fires and resolves.
    pub key: String,
    /// Whether it begins or ends.
    pub state: AlertState,
    /// How grave it is, as the event says: by its field `severity`, else by its level.
    pub severity: String,
    /// The message of the event.
    pub message: String,
    /// The target of the event.
    pub target: String,
    /// The time of the event.
    pub time: SystemTime,
}

/// Whether an alert begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlertState {
    /// It begins, or is still there.
    Firing,
    /// It is over.
    Resolved,
}

/// Takes alerts: sends them to where people are.
///
/// It runs on a thread of its own, behind a queue of 256; what does not fit is dropped and counted. Events
/// that it logs are logged, but are no alerts.
///
/// A closure is an alert sink, whether it returns nothing or a `Result`; see [`AlertReply`].
///
/// # Examples
/// ```
/// use std::sync::mpsc;
///
/// use groundcrew_logging::{Alert, Logging};
///
/// let (pager, _pages) = mpsc::channel();
/// let builder = Logging::builder().alert_sink(move |alert: &Alert| pager.send(alert.clone()));
/// # drop(builder);
/// ```
pub trait AlertSink: Send + 'static {
    /// Takes one alert. May block: only later alerts wait.
    ///
    /// # Errors
    /// When the alert did not get through. It is counted as failed, logged, and not sent again. A panic counts
    /// as an error.
    fn send(&mut self, alert: &Alert) -> Result<(), AlertError>;
}

impl<F, R> AlertSink for F
where
    F: FnMut(&Alert) -> R + Send + 'static,
    R: AlertReply,
{
    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        self(alert).into_result()
    }
}

/// Why an [`AlertSink`] could not send an alert.
pub type AlertError = Box<dyn StdError + Send + Sync>;

/// What a closure that is an [`AlertSink`] returns: `()`, or a `Result` with an error of any type.
pub trait AlertReply {
    /// Whether the alert got through.
    ///
    /// # Errors
    /// When it did not.
    fn into_result(self) -> Result<(), AlertError>;
}

impl AlertReply for () {
    fn into_result(self) -> Result<(), AlertError> {
        Ok(self)
    }
}

impl<E: Into<AlertError>> AlertReply for Result<(), E> {
    fn into_result(self) -> Result<(), AlertError> {
        self.map_err(Into::into)
    }
}

impl Alert {
    pub(crate) fn new(metadata: &Metadata<'_>, fields: &AlertFields, time: SystemTime) -> Self {
        let severity = match *metadata.level() {
            _ if !fields.severity.is_empty() => fields.severity.clone(),
            Level::ERROR => "error".to_owned(),
            Level::WARN => "warning".to_owned(),
            _ => "info".to_owned(),
        };
        Self {
            key: fields.key.clone(),
            state: if fields.state.eq_ignore_ascii_case("resolved") {
                AlertState::Resolved
            } else {
                AlertState::Firing
            },
            severity,
            message: fields.message.clone(),
            target: metadata.target().to_owned(),
            time,
        }
    }
}

/// The alerts on their way to the sink.
#[derive(Debug)]
pub(crate) struct AlertQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Alert>,
    in_hand: u64,
    delivered: u64,
    failed: u64,
    dropped: u64,
    closed: bool,
    finished: bool,
}

thread_local! {
    static SENDS: Cell<bool> = const { Cell::new(false) };
}

impl AlertQueue {
    /// Starts the thread that feeds `sink`. It ends when the queue is closed or dropped.
    pub(crate) fn start(sink: Box<dyn AlertSink>) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let feeding = Feeding(Arc::clone(&shared));
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || feeding.run(sink))
            .map_err(|source| Error::Thread { name: THREAD, source })?;
        Ok(Self(shared))
    }

    pub(crate) fn push(&self, alert: Alert) {
        if SENDS.try_with(Cell::get).unwrap_or(false) {
            return;
        }
        let mut state = self.0.lock();
        if state.closed || state.waiting.len() >= MOST_WAITING {
            state.dropped += 1;
            return;
        }
        state.waiting.push_back(alert);
        drop(state);
        self.0.changed.notify_all();
    }

    pub(crate) fn counts(&self) -> AlertCounts {
        let state = self.0.lock();
        AlertCounts {
            delivered: state.delivered,
            failed: state.failed,
            dropped: state.dropped,
            pending: state.waiting.len() as u64 + state.in_hand,
        }
    }

    /// Takes no more alerts and waits until the sink has those that are waiting; says how many it has not.
    pub(crate) fn close(&self, deadline: Duration) -> u64 {
        let mut state = self.0.lock();
        state.closed = true;
        self.0.changed.notify_all();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, deadline, |state| !state.finished);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let given_up = state.waiting.len() as u64;
        state.waiting.clear();
        state.dropped += given_up;
        given_up + state.in_hand
    }
}

impl Drop for AlertQueue {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

/// The side of the thread; whatever ends it, nobody waits for it afterwards.
struct Feeding(Arc<Shared>);

impl Feeding {
    fn run(&self, mut sink: Box<dyn AlertSink>) {
        SENDS.with(|sends| sends.set(true));
        while let Some(alert) = self.next() {
            let is_sent = send(&mut *sink, &alert);
            let mut state = self.0.lock();
            state.in_hand = 0;
            if is_sent {
                state.delivered += 1;
            } else {
                state.failed += 1;
            }
        }
    }

    fn next(&self) -> Option<Alert> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let waited = self.0.changed.wait_while(self.0.lock(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let alert = state.waiting.pop_front()?;
        state.in_hand = 1;
        Some(alert)
    }
}

/// Whether the sink has taken the alert. One that panics loses its alert, not the later ones.
fn send(sink: &mut dyn AlertSink, alert: &Alert) -> bool {
    match catch_unwind(AssertUnwindSafe(|| sink.send(alert))) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            let error: &(dyn StdError + 'static) = &*error;
            tracing::error!(target: TARGET, alert = alert.key.as_str(), error, "an alert was not sent");
            false
        }
        // The panic hook has told.
        Err(_) => false,
    }
}

impl Drop for Feeding {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.finished = true;
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
