//! What the server of lifecycle costs each request, beside axum's.

use std::{future::IntoFuture as _, net::SocketAddr};

use axum::{Router, extract::ConnectInfo, routing::get};
use groundcrew_lifecycle::{Lifecycle, Signals};
use harness::Suite;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinSet,
};

pub(crate) fn compare(suite: &mut Suite) {
    suite
        .compare_loops("serve.http1", ours(), "axum::serve with connect info", rival())
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
}

fn router() -> Router {
    let port =
        async |ConnectInfo(peer): ConnectInfo<SocketAddr>| if peer.port() > 0 { "ok" } else { "no port" };
    Router::new().route("/", get(port))
}

fn ours() -> impl FnMut(u64) {
    asked(async |listener| {
        let lifecycle = Lifecycle::builder().signals(Signals::Leave).start();
        let lifecycle = lifecycle.expect("the defaults are right");
        lifecycle.serve(listener, router()).expect("it listens");
        lifecycle.ready().await.expect("nothing is needed");
        JoinSet::new()
    })
}

fn rival() -> impl FnMut(u64) {
    asked(async |listener| {
        let service = router().into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).into_future();
        JoinSet::from_iter([async { drop(serving.await) }])
    })
}

/// Asks over one connection that is kept, with everything on one thread.
fn asked<S: AsyncFn(TcpListener) -> JoinSet<()> + 'static>(serve: S) -> impl FnMut(u64) {
    let mut connected = None;
    move |count| {
        let (runtime, client, _server) = connected.get_or_insert_with(|| connect(&serve));
        runtime.block_on(async {
            for _ in 0..count {
                ask(client).await;
            }
        });
    }
}

fn connect(serve: &impl AsyncFn(TcpListener) -> JoinSet<()>) -> (Runtime, TcpStream, JoinSet<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let (client, server) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let server = serve(listener).await;
        (TcpStream::connect(address).await.expect("it listens"), server)
    });
    client.set_nodelay(true).expect("it is open");
    (runtime, client, server)
}

async fn ask(client: &mut TcpStream) {
    client.write_all(REQUEST).await.expect("it is open");
    let (mut answer, mut length) = ([0; 512], 0);
    while !answer[..length].ends_with(b"\r\n\r\nok") {
        let read = client.read(&mut answer[length..]).await.expect("it is open");
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer[..length]));
        length += read;
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: bench\r\naccept: */*\r\nuser-agent: bench\r\n\r\n";

const ITERATIONS: u64 = 2_000;
