use std::{future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    TARGET,
    connected::{Connected, Talk},
    core::Core,
    serve::{App, BoxError, Served, Tell},
};

/// One client, from its first byte to its last.
pub(crate) struct Connection {
    pub(crate) core: Arc<Core>,
    pub(crate) peer: SocketAddr,
    pub(crate) tell: Tell,
    pub(crate) first_request: CancellationToken,
    pub(crate) talk: Arc<Talk>,
    pub(crate) header_read_timeout: Duration,
}

impl Connection {
    pub(crate) async fn drive<S: Served>(self, http: auto::Builder<Streams>, stream: Connected, app: App<S>) {
        let service = self.service(app);
        let mut conn = pin!(http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let farewell = tokio::select! {
            biased;
            result = conn.as_mut() => return log(self.peer, result),
            farewell = self.time_to_close() => farewell,
        };
        if farewell == Farewell::None {
            return;
        }
        conn.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            () = self.core.aborted().cancelled() => {}
            result = conn.as_mut() => log(self.peer, result),
            () = self.left_alone() => {}
        }
    }

    /// hyper waits for the rest of a request that has only begun, and for the answer to its last ping: a client that has gone
    /// without a word gives neither.
    async fn left_alone(&self) {
        self.core.stopping().cancelled().await;
        tokio::time::sleep(ROUND_TRIP).await;
        while !self.talk.is_idle() {
            tokio::time::sleep(ROUND_TRIP).await;
        }
    }

    fn service<S: Served>(
        &self,
        app: App<S>,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = <App<S> as Service<Request<Incoming>>>::Response,
        Error = S::Failure,
        Future: Send,
    > + use<S> {
        let (peer, tell) = (self.peer, self.tell);
        let (first, talk) = (self.first_request.clone(), Arc::clone(&self.talk));
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if talk.ask() {
                first.cancel();
            }
            tell(peer, request.extensions_mut());
            let mut app = app.clone();
            async move {
                poll_fn(|cx| app.poll_ready(cx)).await?;
                app.call(request).await
            }
        })
    }

    async fn time_to_close(&self) -> Farewell {
        tokio::select! {
            biased;
            () = self.core.aborted().cancelled() => return Farewell::None,
            () = self.first_request.cancelled() => {}
            () = tokio::time::sleep(self.header_read_timeout) => return Farewell::None,
            () = self.told_before_request() => {}
        }
        // Nothing more is looked at each time: who aborts tells to leave as well.
        self.time_to_leave().await;
        self.arrived().await;
        if self.talk.is_http2() {
            self.talk.leave();
            // The connection is to look at it, too.
            tokio::task::yield_now().await;
            self.time_to_be_gone().await;
        }
        Farewell::Graceful
    }

    /// A request may be on its way when the drain begins, or when the stop does: closing now would lose it.
    async fn told_before_request(&self) {
        let stopped = async {
            self.core.stopping().cancelled().await;
            tokio::time::sleep(LATE_REQUEST).await;
        };
        // What it speaks it may say at any time.
        let drained = async {
            self.core.draining().cancelled().await;
            tokio::time::sleep(LATE_REQUEST).await;
            while !self.talk.is_http2() {
                tokio::time::sleep(LATE_REQUEST).await;
            }
        };
        tokio::select! {
            () = stopped => {}
            () = drained => {}
        }
    }

    /// HTTP/2 is told to leave at once and loses nothing by it. HTTP/1 is told by `Connection: close` and
    /// closed only when the drain is over: closing an idle connection races with its next request.
    async fn time_to_leave(&self) {
        if self.talk.is_http2() {
            self.core.draining().cancelled().await;
        } else {
            self.core.stopping().cancelled().await;
        }
    }

    /// Hears out who has begun a request over HTTP/1: hyper would close the connection on it.
    async fn arrived(&self) {
        let arrived_by = Instant::now() + ARRIVAL;
        let is_over = || self.core.aborted().is_cancelled() || Instant::now() >= arrived_by;
        // The runtime may not have heard yet of what has come.
        tokio::task::yield_now().await;
        while self.talk.is_arriving() && !is_over() {
            tokio::time::sleep(ROUND_TRIP).await;
        }
    }

    /// When a client that was told to leave has had the time to.
    async fn time_to_be_gone(&self) {
        tokio::select! {
            () = self.core.stopping().cancelled() => {}
            () = tokio::time::sleep(NOTICE) => {}
        }
    }
}

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// With what has been asked answered.
    Graceful,
    None,
}

fn log(peer: SocketAddr, result: Result<(), BoxError>) {
    if let Err(error) = result {
        tracing::debug!(target: TARGET, peer = %peer, error = %error, "connection ended");
    }
}

/// Spawns the streams of HTTP/2 where a stop waits for them.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) tasks: TaskTracker,
    pub(crate) talk: Arc<Talk>,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let open = Talk::open_stream(&self.talk);
        drop(self.tasks.spawn(async move {
            stream.await;
            drop(open);
        }));
    }
}

const LATE_REQUEST: Duration = Duration::from_millis(40);

const ROUND_TRIP: Duration = Duration::from_millis(20);

/// How long after the stop the rest of a request may come.
const ARRIVAL: Duration = Duration::from_secs(5);

/// How long a client of HTTP/2 may go on after it is told to leave. One that is busy reads it late, and those that have read it
/// close the connection themselves.
const NOTICE: Duration = Duration::from_secs(5);
