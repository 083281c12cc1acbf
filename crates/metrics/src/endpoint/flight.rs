use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Lets who asks for the same at the same time share one answer.
pub(super) struct Flights<K, T> {
    open: Mutex<HashMap<K, Arc<Shared<T>>>>,
}

/// Waits for an answer, blocking or as a future. `None` when it will never come: its maker has panicked.
pub(super) struct Flight<T>(Arc<Shared<T>>);

/// The duty to give the answer. Dropping it wakes those who wait, empty-handed.
pub(super) struct Landing<K: Eq + Hash, T> {
    flights: Arc<Flights<K, T>>,
    key: K,
    shared: Arc<Shared<T>>,
}

/// A flight, and the duty to land it for who came first.
type Boarded<K, T> = (Flight<T>, Option<Landing<K, T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    landed: Condvar,
}

struct State<T> {
    progress: Progress<T>,
    wakers: Vec<Waker>,
}

enum Progress<T> {
    Flying,
    Landed(T),
    Lost,
}

impl<K: Clone + Eq + Hash, T: Clone> Flights<K, T> {
    /// Joins the flight of `key`. Who comes first also gets the duty to land it. Nothing when there would be too many
    /// flights.
    pub(super) fn board(self: &Arc<Self>, key: &K) -> Option<Boarded<K, T>> {
        let mut open = self.lock();
        if let Some(shared) = open.get(key) {
            return Some((Flight(Arc::clone(shared)), None));
        }
        if open.len() >= MOST {
            return None;
        }
        let shared = Arc::new(Shared::default());
        open.insert(key.clone(), Arc::clone(&shared));
        let landing = Landing {
            flights: Arc::clone(self),
            key: key.clone(),
            shared: Arc::clone(&shared),
        };
        Some((Flight(shared), Some(landing)))
    }
}

impl<K, T> Flights<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Shared<T>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, T> Landing<K, T> {
    pub(super) fn land(self, answer: T) {
        self.shared.lock().progress = Progress::Landed(answer);
    }
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        // Whoever boards from here on gets a flight of its own.
        self.flights.lock().remove(&self.key);
        let mut state = self.shared.lock();
        if matches!(state.progress, Progress::Flying) {
            state.progress = Progress::Lost;
        }
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.shared.landed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<T: Clone> Flight<T> {
    pub(super) fn wait(&self) -> Option<T> {
        let state = self.0.lock();
        let is_flying = |state: &mut State<T>| matches!(state.progress, Progress::Flying);
        let landed = self.0.landed.wait_while(state, is_flying);
        match &landed.unwrap_or_else(PoisonError::into_inner).progress {
            Progress::Landed(answer) => Some(answer.clone()),
            Progress::Lost | Progress::Flying => None,
        }
    }
}

impl<T: Clone> Future for Flight<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        match &state.progress {
            Progress::Landed(answer) => return Poll::Ready(Some(answer.clone())),
            Progress::Lost => return Poll::Ready(None),
            Progress::Flying => {}
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
        }
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                progress: Progress::Flying,
                wakers: Vec::new(),
            }),
            landed: Condvar::new(),
        }
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("open", &self.lock().len())
            .finish()
    }
}

/// More than there are formats, compressed or not: only who names other metrics each time comes to so many.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_comes_meanwhile_shares_the_answer() {
        let flights = Arc::<Flights<u8, u32>>::default();
        let (first, landing) = flights.board(&1).unwrap();
        let (second, none) = flights.board(&1).unwrap();
        let (_other, its_own) = flights.board(&2).unwrap();
        assert!(none.is_none() && its_own.is_some());

        let waiting = thread::spawn(move || second.wait());
        landing.unwrap().land(7);

        assert_eq!(waiting.join().unwrap(), Some(7));
        assert_eq!(first.wait(), Some(7));
        assert!(flights.board(&1).unwrap().1.is_some());
    }

    #[test]
    fn a_maker_that_panics_leaves_nobody_waiting() {
        let flights = Arc::<Flights<u8, u32>>::default();
        let (flight, landing) = flights.board(&1).unwrap();

        let panicked = thread::spawn(move || {
            let _landing = landing;
            panic!("on purpose");
        });

        assert_eq!(flight.wait(), None);
        assert!(panicked.join().is_err());
    }
}
