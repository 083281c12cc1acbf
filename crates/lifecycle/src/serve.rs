use std::{error::Error as StdError, io, net::SocketAddr, sync::Arc, time::Duration};

use groundcrew_base::Backoff;
use http::{Extensions, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::{rt::TokioTimer, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Drain, Error, Lifecycle, LifecycleConfig, TARGET,
    answer::Answering,
    connected::Connected,
    connection::{Connection, Streams},
    core::Core,
    talk::Talk,
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
        self.serve_with(listener, router.with_state(()), tell_axum)
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
        self.serve_with(listener, service, tell)
    }

    fn serve_with<S: Served>(
        &self,
        listener: TcpListener,
        service: S,
        tell: Tell,
    ) -> Result<SocketAddr, Error> {
        let address = listener.local_addr().map_err(Error::Listener)?;
        let answering = Answering::new(service, Arc::clone(&self.inner().counters));
        let server = Server {
            core: Arc::clone(&self.inner().core),
            config: self.inner().config.clone(),
            connections: self.inner().connections.clone(),
            exchanges: self.inner().exchanges.clone(),
            app: self.drain_layer().layer(answering),
            tell,
        };
        tracing::info!(target: TARGET, address = %address, "listening");
        self.spawn("http server", server.accept(listener));
        Ok(address)
    }
}

/// The address from which the client of a request is connected, as an extension of the requests of
/// [`serve_service`](Lifecycle::serve_service).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct PeerAddress(pub SocketAddr);

pub(crate) type App<S> = Drain<Answering<S>>;
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

struct Server<S> {
    core: Arc<Core>,
    config: LifecycleConfig,
    /// Counts the open ones, those too that are not HTTP any more.
    connections: TaskTracker,
    /// Those that are HTTP, and the streams of HTTP/2.
    exchanges: TaskTracker,
    app: App<S>,
    tell: Tell,
}

/// Puts the address of the client where the service looks for it.
pub(crate) type Tell = fn(SocketAddr, &mut Extensions);

fn tell(peer: SocketAddr, extensions: &mut Extensions) {
    extensions.insert(PeerAddress(peer));
    #[cfg(feature = "axum")]
    tell_axum(peer, extensions);
}

/// What handlers of axum extract, and no more: every extension costs each request.
#[cfg(feature = "axum")]
fn tell_axum(peer: SocketAddr, extensions: &mut Extensions) {
    extensions.insert(axum::extract::ConnectInfo(peer));
}

/// What can be served: this is said of it once.
pub(crate) trait Served:
    Service<
        Request<Incoming>,
        Response = Response<<Self as Served>::Body>,
        Error = <Self as Served>::Failure,
        Future = <Self as Served>::Answer,
    > + Clone
    + Send
    + 'static
{
    type Body: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
    type Failure: Into<BoxError> + Send;
    type Answer: Future<Output = Result<Response<<Self as Served>::Body>, <Self as Served>::Failure>>
        + Send
        + 'static;
}

impl<S, B> Served for S
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
    type Failure = S::Error;
    type Answer = S::Future;
}

impl<S: Served> Server<S> {
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
                    let wait = tokio::time::sleep(delays.next().unwrap_or_default());
                    tokio::select! {
                        () = self.core.stopping().cancelled() => break,
                        () = wait => {}
                    }
                }
            }
        }
        if let Err(error) = self.accept_waiting(listener) {
            tracing::warn!(target: TARGET, error = %error, "connections that waited to be accepted are lost");
        }
    }

    /// Asks the kernel itself: it resets what waits in the backlog of a closed listener, and the runtime knows only of what
    /// came before its last look.
    fn accept_waiting(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        for _ in 0..BACKLOG {
            match listener.accept() {
                Ok((stream, peer)) => {
                    stream.set_nonblocking(true)?;
                    self.connect(TcpStream::from_std(stream)?, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn connect(&self, stream: TcpStream, peer: SocketAddr) {
        drop(stream.set_nodelay(true));
        let talk = Arc::<Talk>::default();
        let stream = Connected::new(stream, Arc::clone(&talk), self.connections.token());
        let connection = Connection {
            core: Arc::clone(&self.core),
            peer,
            tell: self.tell,
            first_request: CancellationToken::new(),
            talk,
            header_read_timeout: self.config.header_read_timeout,
            keep_alive_timeout: self.config.keep_alive_timeout,
        };
        let http = self.protocols(&connection.talk);
        drop(
            self.exchanges
                .spawn(connection.drive(http, stream, self.app.clone())),
        );
    }

    fn protocols(&self, talk: &Arc<Talk>) -> auto::Builder<Streams> {
        let mut http = auto::Builder::new(Streams {
            tasks: self.exchanges.clone(),
            talk: Arc::clone(talk),
        });
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

/// What `accept` says of one connection only (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};

    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

const ACCEPT_BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));

/// As many as wait at most, where nobody has changed `net.core.somaxconn`.
const BACKLOG: usize = 4096;
