use std::{
    cell::RefCell,
    sync::{Arc, Weak},
    time::Instant,
};

use crate::core::Core;

thread_local! {
    static AT_EXIT: RefCell<Flush> = const { RefCell::new(Flush(Vec::new())) };
}

/// Flushes when the calling thread ends. If that is the main thread, the process is about to end: by a return from
/// `main`, or by `std::process::exit`, which on Linux with glibc runs this too.
pub(crate) fn flush_with_this_thread(core: &Arc<Core>) {
    let flush = |flush: &RefCell<Flush>| flush.borrow_mut().0.push(Arc::downgrade(core));
    AT_EXIT.try_with(flush).ok();
}

struct Flush(Vec<Weak<Core>>);

impl Drop for Flush {
    fn drop(&mut self) {
        for core in self.0.iter().filter_map(Weak::upgrade) {
            // There is nobody left to tell.
            let start = Instant::now();
            core.queue.flush(core.flush_timeout).ok();
            core.flush_remote(core.flush_timeout.saturating_sub(start.elapsed()));
        }
    }
}
