use std::{future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::Request;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    TARGET,
    connected::Connected,
    core::Core,
    serve::{App, BoxError, Served, Tell},
    talk::Talk,
};

/// One client, from its first byte to its last.
///
/// 1. *Unused*: it has not asked anything. When the header timeout is over it is cut, unless it speaks HTTP/2.
/// 2. *In use*, until the drain begins, over HTTP/1 until it is over, or an HTTP/2 client asks nothing for too long.
/// 3. *Taking leave*: a request over HTTP/1 that has begun to arrive is heard out; an HTTP/2 client is asked to leave and goes on for
///    a while.
/// 4. *Ending*: hyper answers what has been asked and closes. One that says nothing more is abandoned when the service stops.
pub(crate) struct Connection {
    pub(crate) core: Arc<Core>,
    pub(crate) peer: SocketAddr,
    pub(crate) tell: Tell,
    pub(crate) first_request: CancellationToken,
    pub(crate) talk: Arc<Talk>,
    pub(crate) header_read_timeout: Duration,
    pub(crate) keep_alive_timeout: Duration,
}

impl Connection {
    pub(crate) async fn drive<S: Served>(self, http: auto::Builder<Streams>, stream: Connected, app: App<S>) {
        let service = self.service(app);
        let mut conn = pin!(http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let farewell = tokio::select! {
            biased;
            result = conn.as_mut() => return log(self.peer, result),
            farewell = self.farewell() => farewell,
        };
        if farewell == Farewell::Cut {
            return;
        }
        conn.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            () = self.core.aborted().cancelled() => {}
            result = conn.as_mut() => log(self.peer, result),
            () = self.abandoned() => {}
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
            if talk.request_arrived(!request.body().is_end_stream()) {
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

    /// Waits until the connection is to end.
    async fn farewell(&self) -> Farewell {
        if self.unused().await == Farewell::Cut {
            return Farewell::Cut;
        }
        self.in_use().await;
        if self.talk.is_http2() {
            self.asked_to_leave().await;
        } else {
            self.heard_out().await;
        }
        Farewell::Graceful
    }

    /// Until the first request, or until none is to come.
    async fn unused(&self) -> Farewell {
        tokio::select! {
            biased;
            () = self.core.aborted().cancelled() => Farewell::Cut,
            () = self.first_request.cancelled() => Farewell::Graceful,
            () = sleep(self.header_read_timeout) => {
                if self.talk.is_http2() {
                    Farewell::Graceful
                } else {
                    Farewell::Cut
                }
            }
            () = self.stopped_unused() => Farewell::Graceful,
        }
    }

    /// A request may be on its way when the drain begins, or when the stop does: closing now would lose it.
    async fn stopped_unused(&self) {
        let stopped = async {
            self.core.stopping().cancelled().await;
            sleep(LATE_REQUEST).await;
        };
        // What it speaks it may say at any time.
        let drained = async {
            self.core.draining().cancelled().await;
            sleep(LATE_REQUEST).await;
            while !self.talk.is_http2() {
                sleep(LATE_REQUEST).await;
            }
        };
        tokio::select! {
            () = stopped => {}
            () = drained => {}
        }
    }

    /// HTTP/2 is told to leave at once and loses nothing by it. HTTP/1 is told by `Connection: close` and
    /// closed only when the drain is over: closing an idle connection races with its next request.
    ///
    /// Who aborts stops as well.
    async fn in_use(&self) {
        if self.talk.is_http2() {
            tokio::select! {
                () = self.core.draining().cancelled() => {}
                () = self.idle_for_too_long() => {}
            }
        } else {
            self.core.stopping().cancelled().await;
        }
    }

    async fn idle_for_too_long(&self) {
        // Who has never asked anything has had its time.
        while self.talk.had_request() {
            let idle = Duration::from_millis(self.talk.idle_for());
            match self.keep_alive_timeout.checked_sub(idle) {
                None | Some(Duration::ZERO) => return,
                Some(left) => sleep(left).await,
            }
        }
    }

    async fn asked_to_leave(&self) {
        self.talk.ask_to_leave();
        // The connection is to look at it, too.
        tokio::task::yield_now().await;
        tokio::select! {
            () = self.core.stopping().cancelled() => {}
            () = sleep(NOTICE_PERIOD) => {}
        }
    }

    /// hyper would close the connection on a request over HTTP/1 that has only begun.
    async fn heard_out(&self) {
        let heard_by = Instant::now() + LONGEST_ARRIVAL;
        let is_over = || self.core.aborted().is_cancelled() || Instant::now() >= heard_by;
        // The runtime may not have heard yet of what has come.
        tokio::task::yield_now().await;
        while self.talk.is_arriving() && !is_over() {
            sleep(ROUND_TRIP).await;
        }
    }

    /// hyper waits for the rest of a request that has only begun, and for the answer to its last ping: a client that has gone
    /// without a word gives neither.
    async fn abandoned(&self) {
        let never_used = async {
            sleep(self.header_read_timeout).await;
            if self.talk.had_request() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.core.stopping().cancelled() => {}
            () = never_used => {}
        }
        self.talk.watch_delivery();
        sleep(ROUND_TRIP).await;
        while !self.talk.is_idle() {
            sleep(ROUND_TRIP).await;
        }
    }
}

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// With what has been asked answered.
    Graceful,
    /// Without a word.
    Cut,
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

/// How long a request may be on its way whose connection is made.
const LATE_REQUEST: Duration = Duration::from_millis(40);

/// How often a connection that is to end is looked at.
const ROUND_TRIP: Duration = Duration::from_millis(20);

/// How long after the stop the rest of a request may come.
const LONGEST_ARRIVAL: Duration = Duration::from_secs(5);

/// How long a client of HTTP/2 may go on after it is told to leave. One that is busy reads it late, and those that have read it
/// close the connection themselves.
const NOTICE_PERIOD: Duration = Duration::from_secs(5);
