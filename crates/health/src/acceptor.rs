use std::{io, net::SocketAddr, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::Timespec,
    io::Errno,
};
use tokio::net::TcpListener;

use crate::reserve::{Refilling, Reserve};

/// Lets probes in, also when the process has no file descriptor left for them.
pub(crate) struct Acceptor {
    listener: TcpListener,
    reserve: Reserve,
}

/// Who asks.
pub(crate) struct Client {
    pub(crate) stream: Refilling,
    pub(crate) peer: SocketAddr,
    /// Whether to let go after one answer: the descriptor is one of the last.
    pub(crate) leaves: bool,
}

impl Acceptor {
    /// Takes a listener that does not block.
    pub(crate) fn new(listener: std::net::TcpListener, reserve: Reserve) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            reserve,
        })
    }

    pub(crate) async fn accept(&self) -> io::Result<Client> {
        let mut leaves = false;
        let (stream, peer) = loop {
            match self.listener.accept().await {
                // The kernel says so before it looks whether anybody waits: a descriptor given up for nobody would be lost.
                Err(error) if is_exhausted(&error) => {
                    if !self.is_awaited()? {
                        tokio::time::sleep(LOOK).await;
                    } else if self.reserve.spend() {
                        leaves = true;
                    } else {
                        return Err(error);
                    }
                }
                accepted => break accepted?,
            }
        };
        Ok(Client {
            stream: self.reserve.clone().refilled_by(stream),
            peer,
            leaves,
        })
    }

    fn is_awaited(&self) -> io::Result<bool> {
        let mut waits = [PollFd::new(&self.listener, PollFlags::IN)];
        Ok(poll(&mut waits, Some(&Timespec::default()))? > 0)
    }
}

/// Whether there is no file descriptor left.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE]
        .into_iter()
        .any(|errno| code == Some(errno.raw_os_error()))
}

/// How long a probe may wait while the process has no descriptor left.
const LOOK: Duration = Duration::from_millis(5);
