use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    thread,
    time::{Duration, Instant},
};

use axum::{Router, extract::ConnectInfo};
use groundcrew_base::{ShutdownOutcome, ShutdownReport};
use http::{HeaderValue, Request, Response, header::CACHE_CONTROL};
#[cfg(not(feature = "grpc"))]
use hyper::server::conn::http1;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
#[cfg(feature = "grpc")]
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};
use rustix::net::listen;
use tokio::{
    sync::watch,
    task::yield_now,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    Error, TARGET,
    acceptor::{Acceptor, Client, is_exhausted},
    places::{Leave, Place, Places},
    reserve::Reserve,
};

/// Serves probes from a thread of its own, so that they are answered while every worker of the service's
/// runtime is blocked.
///
/// HTTP/1.1, and with the feature `grpc` HTTP/2 without TLS too. A connection is closed 5 s after it was made if it has asked nothing,
/// and 30 s after its last answer. There are places for 256; when one more comes, another goes that has asked nothing for the longest
/// time, 100 ms at least, or has not asked again, so nobody keeps probes away by being silent or slow, and thousands that ask at once
/// are answered one after the other. A probe waits only beyond about 2,500 new silent connections a
/// second. A few descriptors are kept for it, so one probe at a time is answered even when the process has none left, and whoever takes those that come free. The thread ends
/// with [`shutdown`](Self::shutdown) or when the listener is dropped.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_health::{Health, ProbeListener, probe};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::builder("1.4.0").start()?;
/// let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router())?;
///
/// let livez = format!("http://{}/livez", probes.address());
/// probe::probe(&livez, Duration::from_secs(5))?;
/// assert!(probes.shutdown(Duration::from_secs(5)).await.is_clean());
/// # Ok(())
/// # }
/// ```
pub struct ProbeListener {
    address: SocketAddr,
    end: CancellationToken,
    ended: watch::Receiver<bool>,
}

impl ProbeListener {
    /// Listens on `address`; port 0 lets the kernel choose.
    ///
    /// # Errors
    /// [`Error::Bind`] if the address is taken or not allowed, [`Error::Thread`] if no thread can be had.
    pub fn bind(address: SocketAddr, router: Router) -> Result<Self, Error> {
        let refused = |source| Error::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        // The queue that the standard library asks for is short.
        listen(&listener, BACKLOG).map_err(|errno| refused(errno.into()))?;
        // Before the service takes them all.
        let reserve = Reserve::new().map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let end = CancellationToken::new();
        let (done, ended) = watch::channel(false);
        let stop = end.clone();
        // With its state a router applies its layers once, not to each request.
        let router = router.with_state(());
        let serve = move || {
            let served = runtime.block_on(serve(listener, reserve, router, &stop));
            // Handlers still running have had their time.
            runtime.shutdown_background();
            if let Err(error) = served {
                tracing::error!(target: TARGET, error = %error, "the probe listener has failed");
            }
            done.send_replace(true);
        };
        let thread = thread::Builder::new().name("probes".to_owned()).spawn(serve);
        drop(thread.map_err(Error::Thread)?);
        tracing::info!(target: TARGET, address = %bound, "listening for probes");
        Ok(Self {
            address: bound,
            end,
            ended,
        })
    }

    /// The address it listens on, with the port that the kernel chose.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, finishes the answers that are being given, and ends the thread.
    ///
    /// # Cancel safety
    /// Cancel safe: the thread ends anyway.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let began = Instant::now();
        self.end.cancel();
        let mut ended = self.ended.clone();
        let outcome = match timeout(deadline, ended.wait_for(|ended| *ended)).await {
            Ok(_) => ShutdownOutcome::Clean,
            Err(_) => ShutdownOutcome::DeadlineExceeded,
        };
        ShutdownReport::new(outcome, began.elapsed())
    }
}

impl Drop for ProbeListener {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl fmt::Debug for ProbeListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeListener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn serve(
    listener: TcpListener,
    reserve: Reserve,
    router: Router,
    end: &CancellationToken,
) -> io::Result<()> {
    let acceptor = Acceptor::new(listener, reserve)?;
    let (connections, places) = (TaskTracker::new(), Places::default());
    let next = async || {
        let accepted = acceptor.accept().await;
        if accepted.is_ok() {
            places.room().await;
        }
        accepted
    };
    while let Some(accepted) = end.run_until_cancelled(next()).await {
        match accepted {
            Ok(client) => {
                drop(connections.spawn(answer(client, router.clone(), end.clone(), places.take())));
            }
            // Its descriptor is as good as any.
            Err(error) if is_exhausted(&error) && places.spare() => {
                yield_now().await;
                yield_now().await;
            }
            Err(error) => {
                tracing::warn!(target: TARGET, error = %error, "accepting a probe failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(acceptor);
    connections.close();
    drop(timeout(LAST_ANSWERS, connections.wait()).await);
    Ok(())
}

async fn answer(
    Client { stream, peer, leaves }: Client,
    router: Router,
    end: CancellationToken,
    place: Place,
) {
    let asked = place.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let asking = asked.ask();
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is always ready.
        let answering = router.clone().call(request);
        async move {
            answering
                .await
                .map(|response| uncached(response).map(|body| asking.answer(body)))
        }
    });
    let http = protocol(!leaves);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let left = tokio::select! {
        result = connection.as_mut() => Some(result),
        leave = place.leave() => match leave {
            Leave::SentAway => None,
            Leave::Expired => {
                connection.as_mut().graceful_shutdown();
                timeout(GOODBYE, connection).await.ok()
            }
        },
        () = end.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // Who has asked for nothing is owed nothing.
            let patience = if place.is_busy() { LAST_ANSWERS } else { GOODBYE };
            timeout(patience, connection).await.ok()
        }
    };
    if let Some(Err(error)) = left {
        tracing::debug!(target: TARGET, peer = %peer, error = %error, "probe connection ended");
    }
}

/// What is said now is not true later, even where nobody has thought of saying so.
fn uncached<B>(mut response: Response<B>) -> Response<B> {
    let kept = response.headers_mut().entry(CACHE_CONTROL);
    kept.or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(not(feature = "grpc"))]
fn protocol(keep_alive: bool) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.header_read_timeout(None).keep_alive(keep_alive);
    http
}

/// HTTP/1.1 or HTTP/2, as the client begins.
#[cfg(feature = "grpc")]
fn protocol(keep_alive: bool) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().header_read_timeout(None).keep_alive(keep_alive);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(MOST_STREAMS);
    http
}

#[cfg(feature = "grpc")]
const MOST_STREAMS: u32 = 128;

/// A client that watches is asked this often whether it is still there, and has as long to say so.
#[cfg(feature = "grpc")]
const PING: Duration = Duration::from_secs(15);

/// How many may wait for their connection to be accepted.
const BACKLOG: i32 = 4096;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// For the last word to a connection that waits for no answer.
const GOODBYE: Duration = Duration::from_millis(250);
