//! WebSockets through a drain: their connections have left HTTP, and the stop waits for them all the same.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    routing::get,
};
use futures_util::{SinkExt as _, StreamExt as _};
use groundcrew_lifecycle::{Exit, Lifecycle, Signals};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, protocol::frame::coding::CloseCode},
};

use crate::settings::lifecycle;

type Client = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const LIMIT: Duration = Duration::from_secs(10);

/// Serves `handler` at `/ws` and connects so many clients.
async fn connected<H, F>(lifecycle: &Lifecycle, clients: usize, handler: H) -> Vec<Client>
where
    H: Fn(WebSocket) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let upgrade = async move |upgrade: WebSocketUpgrade| upgrade.on_upgrade(handler);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle
        .serve(listener, Router::new().route("/ws", get(upgrade)))
        .unwrap();
    lifecycle.ready().await.unwrap();
    let mut connected = Vec::new();
    for _ in 0..clients {
        let (client, _) = connect_async(format!("ws://{address}/ws")).await.unwrap();
        connected.push(client);
    }
    connected
}

/// Numbers what it sends, confirms nothing, and says goodbye when the service stops. Counts what it receives to the end.
async fn chat(mut socket: WebSocket, lifecycle: Lifecycle, received: Arc<AtomicU32>) {
    let stopping = lifecycle.stopping();
    tokio::pin!(stopping);
    let mut sent = 0_u32;
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => break,
            message = socket.recv() => {
                assert!(matches!(message, Some(Ok(Message::Text(_)))), "{message:?}");
                received.fetch_add(1, Ordering::SeqCst);
            }
            () = tokio::task::yield_now() => {
                socket.send(Message::text(sent.to_string())).await.unwrap();
                sent += 1;
            }
        }
    }
    let goodbye = CloseFrame {
        code: close_code::AWAY,
        reason: format!("after {sent}").into(),
    };
    socket.send(Message::Close(Some(goodbye))).await.unwrap();
    // What the client had sent before it knew, to its own goodbye.
    while let Some(Ok(message)) = socket.recv().await {
        received.fetch_add(u32::from(matches!(message, Message::Text(_))), Ordering::SeqCst);
    }
}

/// What a client has sent when it hears the goodbye, which it answers by going.
async fn listen(client: Client) -> u32 {
    let (mut sink, mut stream) = client.split();
    let (mut sent, mut heard) = (0, 0_u32);
    loop {
        tokio::select! {
            message = stream.next() => match message.unwrap().unwrap() {
                tungstenite::Message::Text(text) => {
                    assert_eq!(text.as_str(), heard.to_string(), "in order");
                    heard += 1;
                }
                tungstenite::Message::Close(frame) => {
                    let frame = frame.unwrap();
                    assert_eq!(frame.code, CloseCode::Away);
                    assert_eq!(frame.reason.as_str(), format!("after {heard}"), "nothing is lost");
                    break;
                }
                other => panic!("{other:?}"),
            },
            () = tokio::task::yield_now() => {
                sink.send(tungstenite::Message::text("hello")).await.unwrap();
                sent += 1;
            }
        }
    }
    // The answer to the goodbye is sent by asking on; then the server hangs up.
    assert!(stream.next().await.is_none_or(|end| end.is_err()));
    sent
}

#[tokio::test]
async fn a_socket_says_goodbye_with_1001_and_nothing_is_lost_before_it() {
    const CLIENTS: usize = 8;
    let lifecycle = lifecycle(Signals::Leave, |config| {
        config.drain_delay = Some(Duration::from_millis(100));
    });
    let received = Arc::new(AtomicU32::new(0));
    let (handle, count) = (lifecycle.clone(), Arc::clone(&received));
    let sockets = connected(&lifecycle, CLIENTS, move |socket| {
        chat(socket, handle.clone(), Arc::clone(&count))
    });
    let clients: JoinSet<_> = sockets.await.into_iter().map(listen).collect();
    assert_eq!(lifecycle.stats().connections, CLIENTS);

    lifecycle.stop("test");
    let exit = timeout(LIMIT, lifecycle.run()).await.unwrap();

    assert_eq!(exit, Exit::Clean);
    assert_eq!(lifecycle.stats().connections, 0);
    let sent: u32 = clients.join_all().await.into_iter().sum();
    println!("{CLIENTS} sockets: {sent} messages received to the last");
    assert!(sent > 0);
    assert_eq!(received.load(Ordering::SeqCst), sent);
}

/// A drain without a guard or a signal in the handler: the connection alone is enough to be waited for.
#[tokio::test]
async fn a_socket_that_ends_by_itself_is_waited_for() {
    let lifecycle = lifecycle(Signals::Leave, |_| {});
    let (finish, finished) = tokio::sync::watch::channel(false);
    let mut sockets = connected(&lifecycle, 1, move |mut socket| {
        let mut finished = finished.clone();
        async move {
            finished.wait_for(|finished| *finished).await.unwrap();
            socket.send(Message::text("the last word")).await.unwrap();
            drop(socket.recv().await);
        }
    })
    .await;

    lifecycle.stop("test");
    let run = lifecycle.clone();
    let mut exit = JoinSet::from_iter([async move { run.run().await }]);
    lifecycle.stopping().await;
    assert_eq!(lifecycle.stats().connections, 1);
    finish.send_replace(true);
    let mut client = sockets.remove(0);
    let last = client.next().await.unwrap().unwrap();

    assert_eq!(last, tungstenite::Message::text("the last word"));
    client.close(None).await.unwrap();
    assert_eq!(
        timeout(LIMIT, exit.join_next()).await.unwrap().unwrap().unwrap(),
        Exit::Clean
    );
}

#[tokio::test]
async fn a_socket_that_ignores_the_stop_is_waited_for_to_the_deadline() {
    const DEADLINE: Duration = Duration::from_millis(200);
    let lifecycle = lifecycle(Signals::Leave, |config| config.shutdown_timeout = DEADLINE);
    let sockets = connected(&lifecycle, 1, |mut socket| async move {
        while socket.recv().await.is_some() {}
    });
    let _clients = sockets.await;

    let began = Instant::now();
    lifecycle.stop("test");
    let exit = timeout(LIMIT, lifecycle.run()).await.unwrap();

    assert_eq!(exit, Exit::DeadlineExceeded);
    assert!(began.elapsed() >= DEADLINE, "{:?}", began.elapsed());
}
