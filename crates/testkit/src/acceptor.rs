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
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
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
    /// Closed by its handler, once what has begun is answered.
    Finish,
    /// Closed, as a process does that ends.
    Close,
    /// Aborted with a reset.
    Reset,
}

/// Tells the handler of a connection that it must end, and how.
#[derive(Clone, Debug)]
pub(crate) struct Ended(watch::Receiver<Option<End>>);

impl Ended {
    /// Waits until the connection is to take nothing more on.
    pub(crate) async fn finish(&mut self) {
        // Fails only when the acceptor is gone, which ends the connection too.
        let _end = self.0.wait_for(Option::is_some).await;
    }

    /// Waits until the connection must end at once.
    pub(crate) async fn wait(&mut self) -> End {
        let now = |end: &Option<End>| matches!(end, Some(End::Close | End::Reset));
        match self.0.wait_for(now).await {
            Ok(end) => end.unwrap_or(End::Close),
            Err(_acceptor_dropped) => End::Close,
        }
    }
}

#[derive(Debug)]
enum Command {
    Open,
    Close,
    Reset,
    Finish(Duration, oneshot::Sender<Outcome>),
}

/// How the connections of a listener that had closed came to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Finished,
    /// The time was up before all had finished.
    Late,
}

/// A listener that has closed while its connections finish.
#[derive(Debug)]
struct Finishing {
    deadline: Instant,
    waiting: Vec<oneshot::Sender<Outcome>>,
}

impl Finishing {
    fn end(self, outcome: Outcome) {
        for waiting in self.waiting {
            let _gone = waiting.send(outcome);
        }
    }
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

    /// Closes the listener at once, then waits until every connection has finished what it had begun; what has not
    /// within `limit` is broken off. The listener is closed when this returns, before the future is polled.
    pub(crate) fn finish(&self, limit: Duration) -> impl Future<Output = Outcome> + use<> {
        let (waiting, outcome) = oneshot::channel();
        self.send(Command::Finish(limit, waiting));
        // Dropped without a word when another command has ended the connections, of which none is late then.
        async move { outcome.await.unwrap_or(Outcome::Finished) }
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
    finishing: Option<Finishing>,
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
            finishing: None,
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
                () = overdue(self.finishing.as_ref()) => self.finish(Outcome::Late).await,
            }
            if self.connections.is_empty() {
                self.finish(Outcome::Finished).await;
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Open if self.listener.is_none() => self.open().await,
            Command::Open => {}
            Command::Close => {
                self.listener = None;
                self.end(End::Close).await;
            }
            Command::Reset => self.end(End::Reset).await,
            Command::Finish(limit, waiting) => {
                self.listener = None;
                self.ended.send_replace(Some(End::Finish));
                let finishing = self.finishing.get_or_insert_with(|| Finishing {
                    // By the clock of this thread: the caller's may be paused.
                    deadline: Instant::now() + limit,
                    waiting: Vec::new(),
                });
                finishing.waiting.push(waiting);
            }
        }
    }

    async fn open(&mut self) {
        // What still finishes is of the old time.
        self.end(End::Close).await;
        match listen(self.addr) {
            Ok(listener) => self.listener = Some(listener),
            Err(error) => {
                tracing::error!(target: "groundcrew::testkit", %error, addr = %self.addr, "cannot listen again");
            }
        }
    }

    async fn end(&mut self, end: End) {
        self.finishing = None;
        self.ended.send_replace(Some(end));
        while self.connections.join_next().await.is_some() {}
        self.ended = watch::Sender::new(None);
    }

    async fn finish(&mut self, outcome: Outcome) {
        if let Some(finishing) = self.finishing.take() {
            self.end(End::Close).await;
            finishing.end(outcome);
        }
    }
}

async fn overdue(finishing: Option<&Finishing>) {
    match finishing {
        Some(finishing) => tokio::time::sleep_until(finishing.deadline).await,
        None => std::future::pending().await,
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

#[cfg(test)]
mod tests {
    use std::{net::TcpStream as StdTcpStream, sync::Arc};

    use tokio::sync::Semaphore;

    use super::*;

    /// An acceptor whose connections finish when the second semaphore lets them; the first counts them.
    fn acceptor() -> (Acceptor, Arc<Semaphore>, Arc<Semaphore>) {
        let (begun, answers) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (begins, answered) = (Arc::clone(&begun), Arc::clone(&answers));
        let acceptor = Acceptor::start("test", move |_stream, mut ended| {
            let answered = Arc::clone(&answered);
            begins.add_permits(1);
            async move {
                tokio::select! {
                    _answered = answered.acquire() => {}
                    _end = ended.wait() => {}
                }
            }
        });
        (acceptor.expect("a port"), begun, answers)
    }

    #[tokio::test]
    async fn a_finishing_listener_refuses_while_what_has_begun_goes_on() {
        let (acceptor, begun, answers) = acceptor();
        let _client = StdTcpStream::connect(acceptor.addr()).expect("it listens");
        let _begun = begun.acquire().await.expect("never closed");

        let (first, second) = (acceptor.finish(LONG), acceptor.finish(LONG));
        let refused = StdTcpStream::connect(acceptor.addr()).is_err();
        answers.add_permits(1);

        assert!(refused);
        assert_eq!([first.await, second.await], [Outcome::Finished; 2]);
        acceptor.open();
        assert!(StdTcpStream::connect(acceptor.addr()).is_ok());
    }

    #[tokio::test]
    async fn what_does_not_finish_in_time_is_broken_off() {
        let (acceptor, begun, _answers) = acceptor();
        let mut client = TcpStream::connect(acceptor.addr()).await.expect("it listens");
        let _begun = begun.acquire().await.expect("never closed");

        let outcome = acceptor.finish(Duration::from_millis(1)).await;

        assert_eq!(outcome, Outcome::Late);
        let end = tokio::io::AsyncReadExt::read(&mut client, &mut [0]).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }

    #[tokio::test]
    async fn a_finish_that_nobody_awaits_any_more_can_be_cut_short() {
        let (acceptor, begun, _answers) = acceptor();
        let _client = StdTcpStream::connect(acceptor.addr()).expect("it listens");
        let _begun = begun.acquire().await.expect("never closed");

        drop(acceptor.finish(LONG));
        let finish = acceptor.finish(LONG);
        acceptor.open();

        assert_eq!(finish.await, Outcome::Finished);
        assert!(StdTcpStream::connect(acceptor.addr()).is_ok());
    }

    const LONG: Duration = Duration::from_secs(3600);
}
