use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

use groundcrew_base::ShutdownReport;

/// A shutdown that runs on a thread of its own and belongs to no runtime.
#[derive(Debug)]
pub(crate) struct Shutdown(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    report: Option<ShutdownReport>,
    waker: Option<Waker>,
}

impl Shutdown {
    /// Starts at once, whether or not anybody waits.
    pub(crate) fn start(work: impl FnOnce() -> ShutdownReport + Clone + Send + 'static) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (done, again) = (Arc::clone(&state), work.clone());
        let thread = thread::Builder::new().name(THREAD.to_owned());
        if thread.spawn(move || finish(&done, work())).is_err() {
            // Better late than never: without a thread this one has to wait.
            finish(&state, again());
        }
        Self(state)
    }
}

impl Future for Shutdown {
    type Output = ShutdownReport;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ShutdownReport> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.report.take() {
            Some(report) => Poll::Ready(report),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn finish(state: &Mutex<State>, report: ShutdownReport) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.report = Some(report);
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

const THREAD: &str = "log-shutdown";
