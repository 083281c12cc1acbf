use std::{
    error::Error as StdError,
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use groundcrew_base::Backoff;
use http::{Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Drain, DrainBody, Error, Lifecycle, LifecycleConfig, TARGET,
    answer::{Answer, Answering},
    core::Core,
};

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
    #[cfg(feature = "axum")]
    pub fn serve(&self, listener: TcpListener, router: axum::Router) -> Result<SocketAddr, Error> {
        // With its state a router applies its layers once, not to each request.
        self.serve_service(listener, router.with_state(()))
    }

    /// Serves any tower service as [`serve`](Self::serve) does a router: a router with a layer around it, or a function
    /// from hyper's requests to responses.
    ///
    /// The address of the client is an extension of the request: a [`PeerAddress`], and with the feature `axum` also a
    /// `ConnectInfo<SocketAddr>`. A request that the service answers with an error or a panic gets 500.
    ///
    /// # Errors
    /// [`Error::Listener`] if the listener has no address.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Examples
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use groundcrew_lifecycle::{Exit, Lifecycle};
    /// use http::{Request, Response};
    /// use hyper::body::Incoming;
    /// use tokio::net::TcpListener;
    /// use tower::service_fn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let lifecycle = Lifecycle::builder().start()?;
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let hello = service_fn(async |_: Request<Incoming>| {
    ///     Ok::<_, Infallible>(Response::new("hello".to_owned()))
    /// });
    /// lifecycle.serve_service(listener, hello)?;
    /// # lifecycle.stop("the example is over");
    /// # assert_eq!(lifecycle.run().await, Exit::Clean);
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve_service<S, B>(&self, listener: TcpListener, service: S) -> Result<SocketAddr, Error>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn StdError + Send + Sync>> + Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let address = listener.local_addr().map_err(Error::Listener)?;
        let answering = Answering {
            inner: service,
            counters: Arc::clone(&self.inner().counters),
        };
        let server = Server {
            core: Arc::clone(&self.inner().core),
            config: self.inner().config.clone(),
            connections: self.inner().connections.clone(),
            app: self.drain_layer().layer(answering),
        };
        tracing::info!(target: TARGET, address = %address, "listening");
        self.spawn("http server", server.accept(listener));
        Ok(address)
    }
}

/// The address from which the client of a request is connected, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct PeerAddress(pub SocketAddr);

type App<S> = Drain<Answering<S>>;
type BoxError = Box<dyn StdError + Send + Sync>;

struct Server<S> {
    core: Arc<Core>,
    config: LifecycleConfig,
    connections: TaskTracker,
    app: App<S>,
}

impl<S, B> Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
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
    async fn drive<S, B>(self, http: auto::Builder<Streams>, stream: TcpStream, app: App<S>)
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError> + Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
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

    fn service<S, B>(
        &self,
        app: App<S>,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<DrainBody<Answer<B>>>,
        Error = S::Error,
        Future: Send,
    > + use<S, B>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError> + Send,
        B: Body + Send + 'static,
    {
        let (peer, first, http2) = (self.peer, self.first_request.clone(), Arc::clone(&self.http2));
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if !first.is_cancelled() {
                http2.store(request.version() == Version::HTTP_2, Ordering::Release);
                first.cancel();
            }
            request.extensions_mut().insert(PeerAddress(peer));
            #[cfg(feature = "axum")]
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
            let mut app = app.clone();
            async move {
                poll_fn(|cx| app.poll_ready(cx)).await?;
                app.call(request).await
            }
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

fn log(peer: SocketAddr, result: Result<(), BoxError>) {
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
