//! A real HTTP server that answers as it is told, and shows what it was asked.

use std::{
    convert::Infallible,
    error::Error as _,
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Logging, LoggingBuilder};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::HeaderMap,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot, task::JoinSet};
use tracing_subscriber::Registry;

use crate::capture::{DEADLINE, quiet};

/// 2026-11-22T14:00:00Z
pub(crate) const NOW: u64 = 1_795_356_000;

/// The service whose lines, alerts and events the server gets, at a clock that stands still.
pub(crate) fn service() -> LoggingBuilder {
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    Logging::builder()
        .config(quiet())
        .service("poker")
        .version("1.4.0")
        .environment("production")
        .clock(ManualClock::new(now).clock())
}

/// Building fails for the reason `why`, and shows no secret.
pub(crate) fn assert_refused(builder: LoggingBuilder, why: &str) {
    let error = builder.build::<Registry>().map(drop).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), why);
    assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
}

/// The log tells of lines that were not taken, and shows no secret.
#[cfg(any(feature = "otlp", feature = "sentry"))]
pub(crate) fn assert_told(kept: &crate::capture::Kept) {
    let text = kept.text();
    assert!(text.contains("log lines were not exported"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// Never answers.
    #[cfg(any(feature = "alerts", feature = "intake"))]
    Hang,
    /// Closes the connection without an answer.
    #[cfg(any(feature = "alerts", feature = "intake"))]
    Close,
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Such as `POST /path`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: mpsc::Receiver<Seen>,
    _stop: oneshot::Sender<Infallible>,
}

impl Reply {
    pub(crate) const fn status(code: u16) -> Self {
        Self::Status(code, Vec::new(), "")
    }

    pub(crate) fn after(code: u16, wait: &str) -> Self {
        Self::Status(code, vec![("retry-after", wait.to_owned())], "")
    }
}

impl Seen {
    #[cfg(any(feature = "alerts", feature = "sentry"))]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Server {
    /// Answers the n-th request as `reply` says.
    pub(crate) fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<Infallible>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, Arc::new(reply), sender) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            seen,
            _stop: stop,
        }
    }

    /// Answers each request with this status.
    pub(crate) fn always(code: u16) -> Self {
        Self::start(move |_| Reply::status(code))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request.
    pub(crate) fn next(&self) -> Seen {
        self.seen.recv_timeout(DEADLINE).unwrap()
    }

    /// The requests that have come and were not looked at.
    pub(crate) fn rest(&self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }
}

async fn serve(
    listener: TcpListener,
    reply: Arc<impl Fn(usize) -> Reply + Send + Sync + 'static>,
    seen: mpsc::Sender<Seen>,
) {
    let mut connections = JoinSet::new();
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (reply, seen, count) = (Arc::clone(&reply), seen.clone(), Arc::clone(&count));
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                answer(request, reply(n), seen.clone())
            });
            http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    reply: Reply,
    seen: mpsc::Sender<Seen>,
) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes()
        .to_vec();
    seen.send(Seen {
        line: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers,
        body,
    })
    .ok();
    match reply {
        Reply::Status(code, headers, text) => {
            let mut response = Response::builder().status(code);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::from(text)).unwrap())
        }
        #[cfg(any(feature = "alerts", feature = "intake"))]
        Reply::Hang => std::future::pending().await,
        #[cfg(any(feature = "alerts", feature = "intake"))]
        Reply::Close => Err(io::Error::other("closed")),
    }
}
