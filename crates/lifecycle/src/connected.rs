use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::notice::{Notice, Preface};

/// What a connection and the task that serves it tell each other.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    http2: AtomicBool,
    leave: AtomicBool,
    /// Each request looks at it: a token would take a lock.
    has_asked: AtomicBool,
}

impl Talk {
    pub(crate) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Acquire)
    }

    pub(crate) fn is_first_request(&self) -> bool {
        !self.has_asked.load(Ordering::Relaxed) && !self.has_asked.swap(true, Ordering::Relaxed)
    }

    /// Tells an HTTP/2 client to leave, with the next flush.
    pub(crate) fn leave(&self) {
        self.leave.store(true, Ordering::Release);
    }
}

pin_project! {
    /// A connection that is counted until it is closed: also when an upgrade has taken it out of the server's hands, as a
    /// WebSocket does.
    pub(crate) struct Connected {
        #[pin]
        stream: TcpStream,
        talk: Arc<Talk>,
        preface: Preface,
        notice: Notice,
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

impl AsyncRead for Connected {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        let polled = this.stream.poll_read(cx, buffer);
        if this.preface.is_expected() {
            let read = buffer.filled().get(before..).unwrap_or_default();
            if this.preface.ends_with(read) {
                this.talk.http2.store(true, Ordering::Release);
            }
        }
        polled
    }
}

impl AsyncWrite for Connected {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_notice(cx))?;
        self.project().stream.poll_write(cx, bytes)
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
        self.project().stream.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_notice(cx))?;
        self.project().stream.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
