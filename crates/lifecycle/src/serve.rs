use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use groundcrew_base::Backoff;
use http::{Request, Version};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Drain, Error, Lifecycle, LifecycleConfig, TARGET, core::Core};

impl Lifecycle {
    /// Serves `router` on `listener` with HTTP/1.1 and HTTP/2 until the service stops; gives the address.
    ///
    /// Handlers can extract `ConnectInfo<SocketAddr>`. While the service drains, HTTP/1 answers carry
    /// `Connection: close` and HTTP/2 clients are sent GOAWAY; afterwards idle connections are closed and
    /// busy ones after their answer. Call it before [`ready`](Self::ready), as often as there are
    /// listeners.
    ///
    /// # Errors
    /// [`Error::Listener`] if the listener has no address.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn serve(&self, listener: TcpListener, router: Router) -> Result<SocketAddr, Error> {
        let address = listener.local_addr().map_err(Error::Listener)?;
        let server = Server {
            core: Arc::clone(&self.inner().core),
            config: self.inner().config.clone(),
            connections: self.inner().connections.clone(),
            // With its state a router applies its layers once, not to each request.
            app: self.drain_layer().layer(router.with_state(())),
        };
        tracing::info!(target: TARGET, address = %address, "listening");
        self.spawn("http server", server.accept(listener));
        Ok(address)
    }
}

struct Server {
    core: Arc<Core>,
    config: LifecycleConfig,
    connections: TaskTracker,
    app: Drain<Router>,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        let mut delays = ACCEPT_BACKOFF.delays();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.core.stopping().cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    delays = ACCEPT_BACKOFF.delays();
                    self.connect(stream, peer);
                }
                Err(error) => {
                    // Descriptors may have run out: they come back when connections close.
                    tracing::warn!(target: TARGET, error = %error, "accepting a connection failed");
                    tokio::time::sleep(delays.next().unwrap_or_default()).await;
                }
            }
        }
        // The kernel resets what waits in the backlog of a closed listener.
        let mut now = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok((stream, peer))) = listener.poll_accept(&mut now) {
            self.connect(stream, peer);
        }
    }

    fn connect(&self, stream: TcpStream, peer: SocketAddr) {
        drop(stream.set_nodelay(true));
        let connection = Connection {
            core: Arc::clone(&self.core),
            peer,
            first_request: CancellationToken::new(),
            http2: Arc::default(),
            header_read_timeout: self.config.header_read_timeout,
        };
        let http = self.protocols();
        drop(
            self.connections
                .spawn(connection.drive(http, stream, self.app.clone())),
        );
    }

    fn protocols(&self) -> auto::Builder<Streams> {
        let mut http = auto::Builder::new(Streams(self.connections.clone()));
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.config.keep_alive_timeout);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.config.keep_alive_timeout)
            .keep_alive_timeout(self.config.header_read_timeout);
        http
    }
}

/// One client, from its first byte to its last.
struct Connection {
    core: Arc<Core>,
    peer: SocketAddr,
    first_request: CancellationToken,
    http2: Arc<AtomicBool>,
    header_read_timeout: Duration,
}

impl Connection {
    async fn drive(self, http: auto::Builder<Streams>, stream: TcpStream, app: Drain<Router>) {
        let service = self.service(app);
        let mut conn = pin!(http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let abort = self.core.abort();
        tokio::select! {
            result = conn.as_mut() => return log(self.peer, result),
            () = abort.cancelled() => return,
            () = self.first_request.cancelled() => {}
            () = tokio::time::sleep(self.header_read_timeout) => return,
            () = self.stopped_before_request() => {}
        }
        tokio::select! {
            result = conn.as_mut() => return log(self.peer, result),
            () = abort.cancelled() => return,
            () = self.time_to_leave() => {}
        }
        conn.as_mut().graceful_shutdown();
        tokio::select! {
            result = conn.as_mut() => log(self.peer, result),
            () = abort.cancelled() => {}
        }
    }

    fn service(
        &self,
        app: Drain<Router>,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = <Drain<Router> as Service<Request<Incoming>>>::Response,
        Error = Infallible,
        Future: Send,
    > + use<> {
        let (peer, first, http2) = (self.peer, self.first_request.clone(), Arc::clone(&self.http2));
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if !first.is_cancelled() {
                http2.store(request.version() == Version::HTTP_2, Ordering::Release);
                first.cancel();
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().call(request)
        })
    }

    /// A request may be on its way when the stop begins: closing now would lose it.
    async fn stopped_before_request(&self) {
        self.core.stopping().cancelled().await;
        tokio::time::sleep(LATE_REQUEST).await;
    }

    /// HTTP/2 is told to leave at once and loses nothing by it. HTTP/1 is told by `Connection: close` and
    /// closed only when the drain is over: closing an idle connection races with its next request.
    async fn time_to_leave(&self) {
        if self.http2.load(Ordering::Acquire) {
            self.core.draining().cancelled().await;
        } else {
            self.core.stopping().cancelled().await;
        }
    }
}

fn log(peer: SocketAddr, result: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = result {
        tracing::debug!(target: TARGET, peer = %peer, error = %error, "connection ended");
    }
}

/// Spawns the streams of HTTP/2 where a stop waits for them.
#[derive(Clone)]
struct Streams(TaskTracker);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, stream: F) {
        drop(self.0.spawn(stream));
    }
}

const ACCEPT_BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));

const LATE_REQUEST: Duration = Duration::from_millis(100);
