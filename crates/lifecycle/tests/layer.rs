//! The layer behind a server of the user's own, which knows nothing else of the lifecycle.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use groundcrew_lifecycle::{Exit, Lifecycle, Signals};
use http::{Request, Response, Version, header::CONNECTION};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tower::{Layer as _, service_fn};

use crate::settings::lifecycle;

/// Serves one connection of either protocol with hyper; each answer waits for `release`.
async fn serve(lifecycle: &Lifecycle, release: &Arc<Notify>, tasks: &mut JoinSet<()>) -> SocketAddr {
    let wait = Arc::clone(release);
    let service = service_fn(move |_: Request<Incoming>| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            Ok::<_, Infallible>(Response::new("done".to_owned()))
        }
    });
    let service = TowerToHyperService::new(lifecycle.drain_layer().layer(service));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let http = auto::Builder::new(TokioExecutor::new());
        drop(http.serve_connection(TokioIo::new(stream), service).await);
    });
    address
}

async fn ask(
    address: SocketAddr,
    version: Version,
    mut tasks: JoinSet<()>,
) -> (Response<String>, JoinSet<()>) {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let request = Request::get("http://test/")
        .header("host", "test")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = if version == Version::HTTP_2 {
        let (mut sender, conn) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tasks.spawn(async move { drop(conn.await) });
        sender.send_request(request).await
    } else {
        let (mut sender, conn) = http1::handshake(stream).await.unwrap();
        tasks.spawn(async move { drop(conn.await) });
        sender.send_request(request).await
    };
    let (head, body) = answer.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (Response::from_parts(head, body), tasks)
}

async fn drains(version: Version) -> Response<String> {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let release = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let address = serve(&lifecycle, &release, &mut tasks).await;
    lifecycle.ready().await.unwrap();
    let mut asking = JoinSet::from_iter([ask(address, version, tasks)]);
    let arrived = async {
        while lifecycle.stats().in_flight != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived)
        .await
        .unwrap();

    lifecycle.stop("test");
    let run = lifecycle.clone();
    let mut exit = JoinSet::from_iter([async move { run.run().await }]);
    lifecycle.stopping().await;
    assert!(exit.try_join_next().is_none(), "it waits for the request");
    release.notify_one();

    let (answer, tasks) = asking.join_next().await.unwrap().unwrap();
    assert_eq!(exit.join_next().await.unwrap().unwrap(), Exit::Clean);
    assert_eq!(lifecycle.stats().in_flight, 0);
    drop(tasks);
    assert_eq!((answer.version(), answer.body().as_str()), (version, "done"));
    answer
}

#[tokio::test]
async fn the_layer_waits_for_requests_of_http1_and_asks_their_clients_to_leave() {
    let answer = drains(Version::HTTP_11).await;

    assert_eq!(answer.headers()[CONNECTION], "close");
}

/// The header has no place there: GOAWAY is the server's to say.
#[tokio::test]
async fn the_layer_waits_for_requests_of_http2() {
    let answer = drains(Version::HTTP_2).await;

    assert_eq!(answer.headers().get(CONNECTION), None);
}

#[tokio::test]
async fn the_layer_of_a_router_under_axum_serve_counts_what_is_in_flight() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (entered, release) = (Arc::clone(&entered), Arc::clone(&release));
        async move || {
            entered.notify_one();
            release.notified().await;
            "done"
        }
    };
    let router = axum::Router::new()
        .route("/", axum::routing::get(handler))
        .layer(lifecycle.drain_layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = axum::serve(listener, router).with_graceful_shutdown(lifecycle.stopping());
    lifecycle.spawn("server", served.into_future());
    lifecycle.ready().await.unwrap();

    let mut asked = JoinSet::from_iter([ask(address, Version::HTTP_11, JoinSet::new())]);
    entered.notified().await;
    assert_eq!(lifecycle.stats().in_flight, 1);
    lifecycle.stop("test");
    let (exit, (answer, _)) = tokio::join!(lifecycle.run(), async {
        release.notify_one();
        asked.join_next().await.unwrap().unwrap()
    });

    assert_eq!(exit, Exit::Clean);
    assert_eq!(
        (
            answer.headers()[CONNECTION].to_str().unwrap(),
            answer.body().as_str()
        ),
        ("close", "done")
    );
    assert_eq!(lifecycle.stats().in_flight, 0);
}
