use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
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
    notice::{Notice, Preface},
    talk::Talk,
    unsent::holds_unsent,
};

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

    fn tell_of_write(self: Pin<&mut Self>, polled: &Poll<io::Result<usize>>) {
        let this = self.project();
        if let Poll::Ready(Ok(bytes)) = polled {
            this.talk.wrote(*bytes);
        }
        let is_blocked = polled.is_pending();
        if *this.is_blocked != is_blocked {
            *this.is_blocked = is_blocked;
            this.talk.blocked(is_blocked);
        }
    }

    /// Takes what the client sends while it receives the rest of its answer, until it closes or has been silent.
    fn poll_linger(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            // First: a socket that is closed with something unread forgets what it has not sent.
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
            let left = this.talk.delivery.left();
            if left.is_zero() {
                return Poll::Ready(());
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
        let mut this = self.project();
        let before = buffer.filled().len();
        let polled = this.stream.as_mut().poll_read(cx, buffer);
        if polled.is_ready() {
            this.talk.delivery.heard();
        }
        let read = buffer.filled().get(before..).unwrap_or_default();
        this.talk.received(read);
        if this.preface.is_expected() && this.preface.ends_with(read) {
            this.talk.speaks_http2();
        }
        if this.talk.is_delivery_watched() {
            this.talk.delivery.unsent(holds_unsent(&this.stream));
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
        if self.talk.is_to_leave() {
            self.as_mut().project().notice.begin();
        }
        ready!(self.as_mut().poll_notice(cx))?;
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_notice(cx))?;
        if !self.is_shut {
            // Once it is shut the kernel says no more.
            if self.talk.delivery.is_recent() {
                self.talk.delivery.unsent(holds_unsent(&self.stream));
            }
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        thread,
        time::{Duration, Instant},
    };

    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpSocket},
    };
    use tokio_util::task::TaskTracker;

    use super::*;

    /// A socket that is closed with something unread forgets what it has not sent.
    #[tokio::test]
    async fn what_arrived_while_the_runtime_was_blocked_costs_no_client_its_answer() {
        const LENGTH: usize = 256 << 10;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let client = TcpSocket::new_v4().expect("a socket");
        client.set_recv_buffer_size(4096).expect("a small buffer");
        let address = listener.local_addr().expect("an address");
        let client = client.connect(address).await.expect("a connection");
        let (server, _) = listener.accept().await.expect("a connection");
        let mut server = Connected::new(server, Arc::default(), TaskTracker::new().token());
        let mut client = client.into_std().expect("a socket");
        client.set_nonblocking(false).expect("a socket");

        server.write_all(&[0; LENGTH]).await.expect("room in the kernel");
        client.write_all(b"a window update").expect("a connection");
        // Longer than the silence after which a client has gone.
        let blocked = Instant::now();
        while blocked.elapsed() < Duration::from_millis(1100) {
            thread::park_timeout(Duration::from_millis(100));
        }
        let reader = thread::spawn(move || {
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).map(|_| answer.len())
        });
        server.shutdown().await.expect("an end");
        drop(server);

        let read = reader.join().expect("no panic");
        assert_eq!(read.expect("no reset"), LENGTH);
    }
}
