use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::pressure;

/// How late the machine is from now on: what [`pressure`] tells, or a thread that wants to wake every millisecond and is not woken,
/// whichever is more.
///
/// Not every machine tells of its pressure, and none tells a container of its neighbours on the host.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// use groundcrew_testkit::Lateness;
///
/// let (lateness, began) = (Lateness::watch(), Instant::now());
/// let answer = 6 * 7;
/// assert_eq!(answer, 42);
/// assert!(began.elapsed() <= Duration::from_secs(1) + lateness.so_far());
/// ```
#[derive(Debug)]
pub struct Lateness {
    before: Duration,
    sleeper: Arc<Sleeper>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Sleeper {
    slept: Mutex<Slept>,
    is_over: AtomicBool,
}

#[derive(Debug)]
struct Slept {
    late: Duration,
    /// When it woke last, or was made.
    since: Instant,
}

impl Lateness {
    /// Begins.
    #[must_use]
    pub fn watch() -> Self {
        let sleeper = Arc::new(Sleeper::new(Instant::now()));
        let own = Arc::clone(&sleeper);
        let thread = thread::Builder::new()
            .name("lateness".to_owned())
            .spawn(move || own.sleep());
        Self {
            before: pressure(),
            sleeper,
            thread: thread.ok(),
        }
    }

    /// The sum since it began, with the delay that goes on now.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        let slept = match &self.thread {
            Some(_) => self.sleeper.late(Instant::now()),
            None => Duration::ZERO,
        };
        pressure().saturating_sub(self.before).max(slept)
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.sleeper.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Sleeper {
    const fn new(now: Instant) -> Self {
        let slept = Slept {
            late: Duration::ZERO,
            since: now,
        };
        Self {
            slept: Mutex::new(slept),
            is_over: AtomicBool::new(false),
        }
    }

    fn sleep(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            thread::park_timeout(PERIOD);
            self.wake(Instant::now());
        }
    }

    fn wake(&self, now: Instant) {
        let mut slept = self.slept();
        slept.late = slept.until(now);
        slept.since = now;
    }

    fn late(&self, now: Instant) -> Duration {
        self.slept().until(now)
    }

    fn slept(&self) -> MutexGuard<'_, Slept> {
        self.slept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slept {
    fn until(&self, now: Instant) -> Duration {
        let late = now.saturating_duration_since(self.since).saturating_sub(PERIOD);
        let counts = late > USUAL;
        self.late + if counts { late } else { Duration::ZERO }
    }
}

const PERIOD: Duration = Duration::from_millis(1);

/// As late is any machine.
const USUAL: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_summed_and_what_is_usual_is_not() {
        let mut now = Instant::now();
        let sleeper = Sleeper::new(now);

        for millis in [0, 1, 2, 251, 51] {
            now += Duration::from_millis(millis);
            sleeper.wake(now);
        }

        assert_eq!(sleeper.late(now), Duration::from_millis(300));
    }

    #[test]
    fn a_delay_that_goes_on_counts_once_before_and_after_its_end() {
        let began = Instant::now();
        let sleeper = Sleeper::new(began);
        let at = |millis| began + Duration::from_millis(millis);

        assert_eq!(sleeper.late(at(2)), Duration::ZERO);
        assert_eq!(sleeper.late(at(301)), Duration::from_millis(300));
        sleeper.wake(at(301));
        assert_eq!(sleeper.late(at(303)), Duration::from_millis(300));
    }

    #[test]
    fn it_is_never_more_than_has_passed_on_a_machine_that_tells_nothing() {
        let began = Instant::now();
        let sleeper = Arc::new(Sleeper::new(began));
        let own = Arc::clone(&sleeper);
        let thread = thread::spawn(move || own.sleep());
        while began.elapsed() < Duration::from_millis(20) {
            thread::yield_now();
        }
        sleeper.is_over.store(true, Ordering::Relaxed);
        thread.join().unwrap();

        let late = sleeper.late(Instant::now());
        assert!(late <= began.elapsed(), "{late:?}");
    }
}
