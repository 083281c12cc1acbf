//! File descriptors that are kept for probes: those that come when the process has none left are needed most.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use rustix::io::{DupFlags, dup3};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A few descriptors that are open for nothing, to be closed for a connection.
#[derive(Clone)]
pub(crate) struct Reserve(Arc<Inner>);

struct Inner {
    /// What each of the others is a copy of.
    origin: OwnedFd,
    spare: Mutex<Vec<OwnedFd>>,
}

impl Reserve {
    pub(crate) fn new() -> io::Result<Self> {
        let origin = OwnedFd::from(File::open("/dev/null")?);
        let spare = (0..SIZE).map(|_| origin.try_clone()).collect::<io::Result<_>>()?;
        Ok(Self(Arc::new(Inner {
            origin,
            spare: Mutex::new(spare),
        })))
    }

    /// Makes room for one descriptor. Whether there was one to give up.
    pub(crate) fn spend(&self) -> bool {
        self.lock().pop().is_some()
    }

    /// A connection that gives its descriptor to the reserve when it is closed, if some have been spent.
    pub(crate) const fn refilled_by(self, stream: TcpStream) -> Refilling {
        Refilling {
            stream: Some(stream),
            reserve: self,
        }
    }

    /// In one step: a descriptor that is closed first belongs to whoever is quicker, and many are waiting for it.
    fn take(&self, stream: TcpStream) {
        let mut spare = self.lock();
        if spare.len() >= SIZE {
            return;
        }
        let Ok(stream) = stream.into_std() else {
            return;
        };
        let mut descriptor = OwnedFd::from(stream);
        if dup3(&self.0.origin, &mut descriptor, DupFlags::CLOEXEC).is_ok() {
            spare.push(descriptor);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<OwnedFd>> {
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose descriptor is not lost with it.
pub(crate) struct Refilling {
    /// There until it is dropped.
    stream: Option<TcpStream>,
    reserve: Reserve,
}

impl Refilling {
    fn stream(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.get_mut().stream.as_mut();
        stream
            .map(Pin::new)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Refilling {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.reserve.take(stream);
        }
    }
}

impl AsyncRead for Refilling {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Refilling {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}

/// One probe at a time, and some more because another thread may take the descriptor that was given up, the more often the busier
/// the machine is.
const SIZE: usize = 8;

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn a_closed_connection_gives_back_what_was_spent_on_it() {
        let reserve = Reserve::new().expect("descriptors");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        assert!((0..SIZE).all(|_| reserve.spend()));
        assert!(!reserve.spend());

        for _ in 0..2 * SIZE {
            let mut client = TcpStream::connect(address).await.expect("a connection");
            let (stream, _) = listener.accept().await.expect("a client");
            let number = stream.as_raw_fd();
            let mut served = reserve.clone().refilled_by(stream);
            served.write_all(b"hello").await.expect("it is open");
            drop(served);

            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("it is closed");
            assert_eq!(answer, "hello");
            let kept = reserve.lock().last().map(AsRawFd::as_raw_fd);
            assert!(kept == Some(number) || reserve.lock().len() == SIZE);
        }
        assert_eq!(reserve.lock().len(), SIZE);
    }
}
