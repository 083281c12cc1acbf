use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
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

#[derive(Debug, Default)]
struct Sleeper {
    late_nanos: AtomicU64,
    is_over: AtomicBool,
}

impl Lateness {
    /// Begins.
    #[must_use]
    pub fn watch() -> Self {
        let sleeper = Arc::new(Sleeper::default());
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

    /// The sum since it began.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        let slept = Duration::from_nanos(self.sleeper.late_nanos.load(Ordering::Relaxed));
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
    fn sleep(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            thread::park_timeout(PERIOD);
            self.note(began.elapsed());
        }
    }

    fn note(&self, slept: Duration) {
        let late = slept.saturating_sub(PERIOD);
        if late > USUAL {
            let nanos = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
            self.late_nanos.fetch_add(nanos, Ordering::Relaxed);
        }
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
        let sleeper = Sleeper::default();

        for millis in [0, 1, 2, 251, 51] {
            sleeper.note(Duration::from_millis(millis));
        }

        assert_eq!(sleeper.late_nanos.into_inner(), 300_000_000);
    }

    #[test]
    fn it_is_never_more_than_has_passed_on_a_machine_that_tells_nothing() {
        let began = Instant::now();
        let sleeper = Arc::new(Sleeper::default());
        let own = Arc::clone(&sleeper);
        let thread = thread::spawn(move || own.sleep());
        while began.elapsed() < Duration::from_millis(20) {
            thread::yield_now();
        }
        sleeper.is_over.store(true, Ordering::Relaxed);
        thread.join().unwrap();

        let late = Duration::from_nanos(sleeper.late_nanos.load(Ordering::Relaxed));
        assert!(late <= began.elapsed(), "{late:?}");
    }
}
