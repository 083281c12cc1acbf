use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{
    delivery::Delivery,
    notice::{Notice, Preface},
};

/// What a connection and the task that serves it tell each other.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    http2: AtomicBool,
    leave: AtomicBool,
    /// Each request looks at it: a token would take a lock.
    has_asked: AtomicBool,
    /// When something of a request last came that has not arrived, in milliseconds of `delivery`; zero without one.
    heard_at: AtomicU64,
    /// A request has arrived whose answer has not begun: what comes is its rest, or was sent without waiting for that answer.
    is_asked: AtomicBool,
    open_streams: AtomicUsize,
    is_blocked: AtomicBool,
    delivery: Delivery,
}

impl Talk {
    pub(crate) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Acquire)
    }

    /// Takes note of a request that has arrived. Whether it is the first.
    pub(crate) fn ask(&self) -> bool {
        self.heard_at.store(0, Ordering::Relaxed);
        self.is_asked.store(true, Ordering::Relaxed);
        !self.has_asked.load(Ordering::Relaxed) && !self.has_asked.swap(true, Ordering::Relaxed)
    }

    /// Whether nobody waits for anything: HTTP/1 ends by itself after its answer.
    pub(crate) fn is_idle(&self) -> bool {
        if self.is_http2() {
            let is_done = self.open_streams.load(Ordering::Acquire) == 0;
            is_done && !self.is_blocked.load(Ordering::Acquire) && self.delivery.left().is_zero()
        } else {
            !self.has_asked.load(Ordering::Relaxed)
        }
    }

    /// Whether a request is on its way: the client has begun it, and said something not long ago.
    pub(crate) fn is_arriving(&self) -> bool {
        let heard_at = self.heard_at.load(Ordering::Relaxed);
        heard_at != 0 && !self.is_http2() && self.delivery.now() < heard_at + PAUSE
    }

    fn heard(&self, read: &[u8]) {
        // Old clients send an empty line behind a body (RFC 9112, section 2.2).
        let is_said = read.iter().any(|byte| !b"\r\n".contains(byte));
        if is_said && !self.is_asked.load(Ordering::Relaxed) && !self.is_http2() {
            self.heard_at.store(self.delivery.now().max(1), Ordering::Relaxed);
        }
    }

    fn answer(&self) {
        self.is_asked.store(false, Ordering::Relaxed);
        self.heard_at.store(0, Ordering::Relaxed);
    }

    /// Counts a stream of HTTP/2 until it is dropped.
    pub(crate) fn open_stream(talk: &Arc<Self>) -> OpenStream {
        talk.open_streams.fetch_add(1, Ordering::AcqRel);
        OpenStream(Arc::clone(talk))
    }

    /// Tells an HTTP/2 client to leave, with the next flush.
    pub(crate) fn leave(&self) {
        self.leave.store(true, Ordering::Release);
    }
}

/// A stream that has not handed over its last byte.
pub(crate) struct OpenStream(Arc<Talk>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open_streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Milliseconds: how long a request may pause on its way before it counts as given up.
const PAUSE: u64 = 1000;

pin_project! {
    /// A connection that is counted until it is closed: also when an upgrade has taken it out of the server's hands, as a
    /// WebSocket does.
    pub(crate) struct Connected {
        #[pin]
        stream: TcpStream,
        talk: Arc<Talk>,
        preface: Preface,
        notice: Notice,
        is_blocked: bool,
        is_shut: bool,
        lingering: Option<Pin<Box<Sleep>>>,
        token: TaskTrackerToken,
    }
}

impl Connected {
    pub(crate) const fn new(stream: TcpStream, talk: Arc<Talk>, token: TaskTrackerToken) -> Self {
        Self {
            stream,
            talk,
            preface: Preface::new(),
            notice: Notice::new(),
            is_blocked: false,
            is_shut: false,
            lingering: None,
            token,
        }
    }

    /// Writes what is left of a notice that has been begun.
    fn poll_notice(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        while !this.notice.left().is_empty() {
            let written = ready!(this.stream.as_mut().poll_write(cx, this.notice.left()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.notice.written(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Connected {
    fn tell_of_write(self: Pin<&mut Self>, polled: &Poll<io::Result<usize>>) {
        let this = self.project();
        if let Poll::Ready(Ok(bytes)) = polled {
            this.talk.delivery.sent(*bytes);
            this.talk.answer();
        }
        let is_blocked = polled.is_pending();
        if *this.is_blocked != is_blocked {
            *this.is_blocked = is_blocked;
            this.talk.is_blocked.store(is_blocked, Ordering::Release);
        }
    }

    /// Takes what the client sends while it receives the rest of its answer, until it closes or has been silent.
    fn poll_linger(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            let left = this.talk.delivery.left();
            if left.is_zero() {
                return Poll::Ready(());
            }
            let mut bytes = [MaybeUninit::uninit(); 1024];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match this.stream.as_mut().poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    this.talk.delivery.heard();
                    continue;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            let lingering = this.lingering.get_or_insert_with(|| Box::pin(sleep(left)));
            ready!(lingering.as_mut().poll(cx));
            *this.lingering = None;
        }
    }
}

impl AsyncRead for Connected {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        let polled = this.stream.poll_read(cx, buffer);
        if polled.is_ready() {
            this.talk.delivery.heard();
        }
        let read = buffer.filled().get(before..).unwrap_or_default();
        this.talk.heard(read);
        if this.preface.is_expected() && this.preface.ends_with(read) {
            this.talk.http2.store(true, Ordering::Release);
        }
        polled
    }
}

impl AsyncWrite for Connected {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_notice(cx))?;
        let polled = self.as_mut().project().stream.poll_write(cx, bytes);
        self.tell_of_write(&polled);
        polled
    }

    /// The server flushes when it has written whole frames: only then another may follow.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.talk.leave.load(Ordering::Acquire) {
            self.as_mut().project().notice.begin();
        }
        ready!(self.as_mut().poll_notice(cx))?;
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_notice(cx))?;
        if !self.is_shut {
            ready!(self.as_mut().project().stream.poll_shutdown(cx))?;
            *self.as_mut().project().is_shut = true;
        }
        self.poll_linger(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_notice(cx))?;
        let polled = self.as_mut().project().stream.poll_write_vectored(cx, slices);
        self.tell_of_write(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
