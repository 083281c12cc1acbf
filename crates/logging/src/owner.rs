use std::{sync::Arc, thread};

/// Lets go of a value that a thread had only borrowed for a moment. If everybody else has let go meanwhile, it ends
/// on a thread of its own: the end of a log waits for threads, of which this one may be one.
pub(crate) fn let_go<T: Send + Sync + 'static>(value: Arc<T>) {
    if let Some(last) = Arc::into_inner(value) {
        // Without a thread it ends here.
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || drop(last))
            .ok();
    }
}

const THREAD: &str = "log-end";

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            mpsc::{self, Receiver, Sender},
        },
        thread::ThreadId,
        time::Duration,
    };

    use super::*;

    /// Waits at its end for the thread that used it, as the log does for those that send for it.
    struct Waits {
        used: Receiver<()>,
        ended: Sender<(bool, ThreadId)>,
    }

    impl Drop for Waits {
        fn drop(&mut self) {
            let is_over = self.used.recv_timeout(Duration::from_secs(20)).is_ok();
            self.ended.send((is_over, thread::current().id())).ok();
        }
    }

    #[test]
    fn the_last_owner_does_not_wait_for_itself() {
        let ((done, used), (ended, end)) = (mpsc::channel(), mpsc::channel());
        let shared = Arc::new(Mutex::new(Waits { used, ended }));
        let borrowed = Arc::clone(&shared);
        drop(shared);
        let user = thread::spawn(move || {
            let_go(borrowed);
            done.send(()).unwrap();
        });

        let (is_over, thread) = end.recv_timeout(Duration::from_secs(20)).unwrap();

        assert!(is_over && thread != user.thread().id());
        user.join().unwrap();
    }

    #[test]
    fn what_others_own_goes_on() {
        let shared = Arc::new(1);
        let_go(Arc::clone(&shared));
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}
