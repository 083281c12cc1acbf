use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    acceptor::{Acceptor, End, Ended},
    error::Error,
};

/// A TCP proxy in front of a server, on which the network misbehaves on request.
///
/// Each fault has taken effect when its method returns. The handle is cheap to clone; the proxy ends with the last
/// clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), groundcrew_testkit::Error> {
/// use std::time::Duration;
///
/// use groundcrew_testkit::{Proxy, Redis};
///
/// let server = Redis::start().await?;
/// let proxy = Proxy::start(server.addr()).await?;
/// let url = format!("redis://{}", proxy.addr());
///
/// proxy.latency(Duration::from_millis(50));
/// proxy.black_hole();
/// proxy.restore();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    acceptor: Acceptor,
    line: Arc<Line>,
}

/// What the connections share.
struct Line {
    upstream: SocketAddr,
    flow: watch::Sender<Flow>,
    latency_micros: AtomicU64,
    open: AtomicU64,
    accepted: AtomicU64,
    to_upstream: AtomicU64,
    from_upstream: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Forward,
    Hold,
}

/// What a [`Proxy`] has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyStats {
    /// Connections open now.
    pub open: u64,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Bytes sent to the server.
    pub to_upstream: u64,
    /// Bytes sent to clients.
    pub from_upstream: u64,
}

impl Proxy {
    /// Listens on a loopback port that the kernel chose and forwards to `upstream`.
    ///
    /// # Errors
    /// [`Error::Network`] when no port can be bound.
    #[expect(clippy::unused_async, reason = "every start function of the testkit is async")]
    pub async fn start(upstream: SocketAddr) -> Result<Self, Error> {
        let line = Arc::new(Line {
            upstream,
            flow: watch::Sender::new(Flow::Forward),
            latency_micros: AtomicU64::new(0),
            open: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            to_upstream: AtomicU64::new(0),
            from_upstream: AtomicU64::new(0),
        });
        let shared = Arc::clone(&line);
        let acceptor = Acceptor::start("proxy", move |stream, ended| {
            Arc::clone(&shared).carry(stream, ended)
        })?;
        Ok(Self(Arc::new(Inner { acceptor, line })))
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.acceptor.addr()
    }

    /// The server behind it.
    #[must_use]
    pub fn upstream(&self) -> SocketAddr {
        self.0.line.upstream
    }

    /// Makes every round trip at least this much longer: half of it in each direction. The throughput stays. Zero
    /// ends it.
    pub fn latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.line.latency_micros.store(micros, Ordering::Relaxed);
    }

    /// Closes every connection and refuses new ones, as if the server's process had ended.
    pub fn cut(&self) {
        self.0.acceptor.close();
    }

    /// Forwards nothing any more, in neither direction, while connections stay open and new ones are accepted, as if
    /// a firewall dropped every packet. What is held arrives after [`restore`](Self::restore).
    pub fn black_hole(&self) {
        self.0.line.flow.send_replace(Flow::Hold);
    }

    /// Aborts every connection with a TCP reset; new ones work.
    pub fn reset(&self) {
        self.0.acceptor.reset();
    }

    /// Undoes [`latency`](Self::latency), [`cut`](Self::cut) and [`black_hole`](Self::black_hole).
    pub fn restore(&self) {
        self.latency(Duration::ZERO);
        self.0.line.flow.send_replace(Flow::Forward);
        self.0.acceptor.open();
    }

    /// Counts of connections and bytes.
    #[must_use]
    pub fn stats(&self) -> ProxyStats {
        let line = &self.0.line;
        ProxyStats {
            open: line.open.load(Ordering::Relaxed),
            accepted: line.accepted.load(Ordering::Relaxed),
            to_upstream: line.to_upstream.load(Ordering::Relaxed),
            from_upstream: line.from_upstream.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("addr", &self.addr())
            .field("upstream", &self.upstream())
            .field("stats", &self.stats())
            .finish()
    }
}

impl Line {
    async fn carry(self: Arc<Self>, mut client: TcpStream, mut ended: Ended) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        let mut server = None;
        let carried = async {
            self.forwarding().await;
            let server = server.insert(TcpStream::connect(self.upstream).await?);
            server.set_nodelay(true)?;
            let (client_read, client_write) = client.split();
            let (server_read, server_write) = server.split();
            tokio::try_join!(
                self.pump(client_read, server_write, &self.to_upstream),
                self.pump(server_read, client_write, &self.from_upstream),
            )
        };
        let end = tokio::select! {
            end = ended.wait() => end,
            // A broken side breaks the other, as a router in between would not hide it.
            result = carried => if result.is_ok() { End::Close } else { End::Reset },
        };
        if end == End::Reset {
            for stream in [Some(&client), server.as_ref()].into_iter().flatten() {
                let _already_closed = stream.set_zero_linger();
            }
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Carries one direction until its end of file, and hands that on.
    async fn pump(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, bytes: &AtomicU64) -> io::Result<()> {
        const CHUNK: usize = 16 * 1024;
        const IN_FLIGHT: usize = 256;
        let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(IN_FLIGHT);
        let reading = async move {
            loop {
                let mut chunk = Vec::with_capacity(CHUNK);
                self.forwarding().await;
                if from.read_buf(&mut chunk).await? == 0 || sender.send((self.due(), chunk)).await.is_err() {
                    return Ok(());
                }
            }
        };
        let writing = async {
            while let Some((due, chunk)) = receiver.recv().await {
                tokio::time::sleep_until(due).await;
                self.forwarding().await;
                // Before the write, so that whoever has received the bytes finds them counted.
                bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                to.write_all(&chunk).await?;
            }
            to.shutdown().await
        };
        tokio::try_join!(reading, writing).map(drop)
    }

    async fn forwarding(&self) {
        let mut flow = self.flow.subscribe();
        // Fails only when the sender is gone, and we hold it.
        let _open = flow.wait_for(|flow| *flow == Flow::Forward).await;
    }

    fn due(&self) -> Instant {
        Instant::now() + Duration::from_micros(self.latency_micros.load(Ordering::Relaxed) / 2)
    }
}
