use std::{
    io,
    net::SocketAddr,
    sync::mpsc as sync_mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime,
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{error::Error, port::Port};

/// A listener on a thread of its own, which can be closed and opened on the same port.
///
/// Its own thread, because the runtime of a test may be paused, blocked or gone while the listener is needed.
#[derive(Debug)]
pub(crate) struct Acceptor {
    addr: SocketAddr,
    commands: Option<mpsc::UnboundedSender<(Command, sync_mpsc::Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

/// How connections end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Closed, as a process does that ends.
    Close,
    /// Aborted with a reset.
    Reset,
}

/// Tells the handler of a connection that it must end, and how.
#[derive(Clone, Debug)]
pub(crate) struct Ended(watch::Receiver<Option<End>>);

impl Ended {
    pub(crate) async fn wait(&mut self) -> End {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) => end.unwrap_or(End::Close),
            Err(_acceptor_dropped) => End::Close,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Command {
    Open,
    Close,
    Reset,
}

impl Acceptor {
    /// Listens on a new port and gives every connection to `handle`.
    pub(crate) fn start<F>(
        name: &str,
        handle: impl Fn(TcpStream, Ended) -> F + Send + 'static,
    ) -> Result<Self, Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let port = Port::reserve()?;
        let addr = port.addr();
        let failed = || Error::network(format!("starting the {name}"));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed())?;
        let listener = {
            let _reactor = runtime.enter();
            listen(addr).map_err(failed())?
        };
        let (commands, inbox) = mpsc::unbounded_channel();
        let serve = move || {
            let _port = port;
            runtime.block_on(Accepting::new(addr, listener, handle).run(inbox));
            // A blocking read of a file must not hold up the end of a test.
            runtime.shutdown_timeout(Duration::from_secs(1));
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(serve)
            .map_err(failed())?;
        Ok(Self {
            addr,
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts connections again.
    pub(crate) fn open(&self) {
        self.send(Command::Open);
    }

    /// Closes the listener, so that connections are refused, and every connection.
    pub(crate) fn close(&self) {
        self.send(Command::Close);
    }

    /// Aborts every connection with a reset; new ones are accepted.
    pub(crate) fn reset(&self) {
        self.send(Command::Reset);
    }

    /// Returns when the command has taken effect.
    fn send(&self, command: Command) {
        const LIMIT: Duration = Duration::from_secs(5);
        let (done, when_done) = sync_mpsc::channel();
        if let Some(commands) = &self.commands {
            let _stopped = commands.send((command, done));
            let _late = when_done.recv_timeout(LIMIT);
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

struct Accepting<H> {
    addr: SocketAddr,
    listener: Option<TcpListener>,
    connections: JoinSet<()>,
    ended: watch::Sender<Option<End>>,
    handle: H,
}

impl<H, F> Accepting<H>
where
    H: Fn(TcpStream, Ended) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    fn new(addr: SocketAddr, listener: TcpListener, handle: H) -> Self {
        Self {
            addr,
            listener: Some(listener),
            connections: JoinSet::new(),
            ended: watch::Sender::new(None),
            handle,
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<(Command, sync_mpsc::Sender<()>)>) {
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some((command, done)) => {
                        self.obey(command).await;
                        let _waiter_gone = done.send(());
                    }
                    None => return self.end(End::Close).await,
                },
                Ok((stream, _)) = accept(self.listener.as_ref()) => {
                    let _unsupported = stream.set_nodelay(true);
                    self.connections.spawn((self.handle)(stream, Ended(self.ended.subscribe())));
                }
                Some(_ended) = self.connections.join_next() => {}
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Open if self.listener.is_none() => match listen(self.addr) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::error!(target: "groundcrew::testkit", %error, addr = %self.addr, "cannot listen again");
                }
            },
            Command::Open => {}
            Command::Close => {
                self.listener = None;
                self.end(End::Close).await;
            }
            Command::Reset => self.end(End::Reset).await,
        }
    }

    async fn end(&mut self, end: End) {
        self.ended.send_replace(Some(end));
        while self.connections.join_next().await.is_some() {}
        self.ended = watch::Sender::new(None);
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    const BACKLOG: u32 = 1024;
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
