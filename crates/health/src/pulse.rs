use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::Notify, task::spawn_blocking};

/// The sign of life of a runtime: a thread gives it a small task again and again, and whoever asks sees when it last did one.
///
/// A task that is woken inside of the runtime may lie in the queue of a worker that blocks, while others are free. What comes from
/// outside lies in the queue of all, and wakes one that is free.
#[derive(Debug)]
pub(crate) struct Pulse {
    beats: Arc<Beats>,
    thread: Mutex<Option<Thread>>,
}

#[derive(Debug)]
struct Thread {
    /// It ends when this is gone.
    end: mpsc::Sender<()>,
    handle: JoinHandle<()>,
}

#[derive(Debug)]
struct Beats {
    origin: Instant,
    /// When the last task was done, in milliseconds.
    last: AtomicU64,
    /// Tasks that wait for a worker.
    waiting: AtomicUsize,
    /// The longest waits of late, by the time of their end, each longer than those behind it.
    waits: Mutex<Vec<(Instant, Duration)>>,
    done: Notify,
}

impl Pulse {
    /// Watches the runtime of the caller.
    pub(crate) fn start() -> io::Result<Self> {
        let beats = Arc::new(Beats {
            origin: Instant::now(),
            last: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            waits: Mutex::default(),
            done: Notify::new(),
        });
        let (end, over) = mpsc::channel();
        let (runtime, beating) = (Handle::current(), Arc::clone(&beats));
        let beat = move || {
            while over.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                beating.give(&runtime);
            }
        };
        beats.give(&Handle::current());
        let handle = thread::Builder::new().name("pulse".to_owned()).spawn(beat)?;
        let thread = Mutex::new(Some(Thread { end, handle }));
        Ok(Self { beats, thread })
    }

    /// How long ago the runtime last did what it was given.
    pub(crate) fn age(&self) -> Duration {
        let last = Duration::from_millis(self.beats.last.load(Ordering::Acquire));
        self.beats.origin.elapsed().saturating_sub(last)
    }

    /// The longest that a task has waited for a worker in the last seconds; before there was one, waits for it.
    pub(crate) async fn longest_wait(&self) -> Duration {
        loop {
            let done = self.beats.done.notified();
            if let Some(longest) = self.beats.longest() {
                return longest;
            }
            done.await;
        }
    }

    /// Ends the thread and waits for it.
    pub(crate) async fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Thread { end, handle }) = thread {
            drop(end);
            drop(spawn_blocking(move || handle.join()).await);
        }
    }
}

impl Beats {
    /// Gives the runtime one task more, unless many wait already.
    fn give(self: &Arc<Self>, runtime: &Handle) {
        if self.waiting.load(Ordering::Relaxed) >= MOST_WAITING {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let (beats, given) = (Arc::clone(self), Instant::now());
        drop(runtime.spawn(async move { beats.beat(given) }));
    }

    fn beat(&self, given: Instant) {
        let now = Instant::now();
        let millis = u64::try_from(now.duration_since(self.origin).as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(millis, Ordering::AcqRel);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let wait = now.duration_since(given);
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.retain(|(end, known)| *known > wait && now.duration_since(*end) < MEMORY);
        waits.push((now, wait));
        drop(waits);
        self.done.notify_waiters();
    }

    fn longest(&self) -> Option<Duration> {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.iter().map(|(_, wait)| *wait).max()
    }
}

const BEAT: Duration = Duration::from_millis(100);

/// How long a wait is remembered.
const MEMORY: Duration = Duration::from_secs(5);

/// For a runtime that stands still for hours.
const MOST_WAITING: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_are_remembered_for_a_while_and_the_thread_ends() {
        let pulse = Pulse::start().expect("a thread");

        assert!(pulse.longest_wait().await < Duration::from_secs(5));
        assert!(pulse.age() < Duration::from_secs(5));
        let long = Duration::from_secs(3);
        pulse.beats.waiting.fetch_add(1, Ordering::Relaxed);
        pulse.beats.beat(
            Instant::now()
                .checked_sub(long)
                .expect("after the start of the machine"),
        );
        assert!(pulse.longest_wait().await >= long);
        pulse.stop().await;
        let beats = Arc::downgrade(&pulse.beats);
        drop(pulse);
        assert!(
            beats
                .upgrade()
                .is_none_or(|beats| beats.waiting.load(Ordering::Relaxed) <= 1)
        );
    }
}
