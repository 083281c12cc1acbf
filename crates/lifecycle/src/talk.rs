use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use crate::delivery::Delivery;

/// What a connection and the task that serves it tell each other.
///
/// Over HTTP/1 a request is *arriving* from its first byte (`arriving_at` is not zero), then *unanswered*, until the first byte of its
/// answer is written; then the next may arrive. What the client sends while a request is unanswered is its body, if it has one, and the
/// next request otherwise. Over HTTP/2 only the number of open streams counts.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    is_http2: AtomicBool,
    /// Each request looks at it: a token would take a lock.
    had_request: AtomicBool,
    /// When something of a request last came that has not arrived, in milliseconds of `delivery`; zero without one.
    arriving_at: AtomicU64,
    is_unanswered: AtomicBool,
    /// The last request has, or had, a body.
    has_body: AtomicBool,
    open_streams: AtomicUsize,
    /// When the last open stream was closed, in milliseconds of `delivery`.
    idle_since: AtomicU64,
    is_to_leave: AtomicBool,
    /// The connection is to look what the kernel has not sent.
    is_watched: AtomicBool,
    /// The kernel takes no more.
    is_blocked: AtomicBool,
    pub(crate) delivery: Delivery,
}

/// What the connection tells.
impl Talk {
    pub(crate) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
    }

    pub(crate) fn received(&self, bytes: &[u8]) {
        // Old clients send an empty line behind a body (RFC 9112, section 2.2).
        let is_said = bytes.iter().any(|byte| !b"\r\n".contains(byte));
        if is_said && !self.is_http2() && !self.is_body_awaited() {
            self.arriving_at
                .store(self.delivery.now().max(1), Ordering::Relaxed);
        }
    }

    fn is_body_awaited(&self) -> bool {
        self.is_unanswered.load(Ordering::Relaxed) && self.has_body.load(Ordering::Relaxed)
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        self.delivery.sent(bytes);
        let begins_answer = self.is_unanswered.load(Ordering::Relaxed);
        self.is_unanswered.store(false, Ordering::Relaxed);
        if self.has_body.load(Ordering::Relaxed) {
            // An answer of 100 comes before the body.
            self.arriving_at.store(0, Ordering::Relaxed);
        } else if begins_answer && self.arriving_at.load(Ordering::Relaxed) != 0 {
            // Nobody has read on meanwhile.
            self.arriving_at
                .store(self.delivery.now().max(1), Ordering::Relaxed);
        }
    }

    pub(crate) fn blocked(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::Release);
    }

    pub(crate) fn is_to_leave(&self) -> bool {
        self.is_to_leave.load(Ordering::Acquire)
    }

    /// Whether somebody wants to know what the kernel has not sent.
    pub(crate) fn is_delivery_watched(&self) -> bool {
        let is_watched = self.is_watched.load(Ordering::Relaxed) && self.delivery.is_recent();
        is_watched && self.open_streams.load(Ordering::Acquire) == 0
    }
}

/// What the task that serves it tells.
impl Talk {
    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Acquire)
    }

    /// Takes note of a request that has arrived, but for its body. Whether it is the first.
    pub(crate) fn request_arrived(&self, has_body: bool) -> bool {
        self.arriving_at.store(0, Ordering::Relaxed);
        self.has_body.store(has_body, Ordering::Relaxed);
        self.is_unanswered.store(true, Ordering::Relaxed);
        !self.had_request() && !self.had_request.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn had_request(&self) -> bool {
        self.had_request.load(Ordering::Relaxed)
    }

    /// Whether a request is on its way over HTTP/1: the client has begun it, and said something not long ago.
    pub(crate) fn is_arriving(&self) -> bool {
        let arriving_at = self.arriving_at.load(Ordering::Relaxed);
        arriving_at != 0 && !self.is_http2() && self.delivery.now() <= arriving_at + PAUSE
    }

    /// Whether nobody waits for anything: HTTP/1 ends by itself after its answer.
    pub(crate) fn is_idle(&self) -> bool {
        if self.is_http2() {
            let is_sent = !self.is_blocked.load(Ordering::Acquire) && self.delivery.left().is_zero();
            self.open_streams.load(Ordering::Acquire) == 0 && is_sent
        } else {
            !self.had_request()
        }
    }

    /// For how many milliseconds no stream has been open; zero where one is.
    pub(crate) fn idle_for(&self) -> u64 {
        let idle_since = self.idle_since.load(Ordering::Acquire);
        if self.open_streams.load(Ordering::Acquire) == 0 {
            self.delivery.now().saturating_sub(idle_since)
        } else {
            0
        }
    }

    /// Counts a stream of HTTP/2 until it is dropped.
    pub(crate) fn open_stream(talk: &Arc<Self>) -> OpenStream {
        talk.open_streams.fetch_add(1, Ordering::AcqRel);
        OpenStream(Arc::clone(talk))
    }

    /// Asks an HTTP/2 client to leave, with the next flush.
    pub(crate) fn ask_to_leave(&self) {
        self.is_to_leave.store(true, Ordering::Release);
    }

    /// From now on `is_idle` knows what the kernel has not sent.
    pub(crate) fn watch_delivery(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }
}

/// A stream that has not handed over its last byte.
pub(crate) struct OpenStream(Arc<Talk>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.delivery.now(), Ordering::Release);
        self.0.open_streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Milliseconds: how long a request may pause on its way before it counts as given up.
const PAUSE: u64 = 1000;
