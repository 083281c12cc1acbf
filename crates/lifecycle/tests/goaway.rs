//! HTTP/2 at the level of frames: a client that had written a request before it read that the server leaves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

#[path = "support/settings.rs"]
mod settings;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use groundcrew_lifecycle::{Exit, Lifecycle, LifecycleConfig, Signals};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use crate::settings::lifecycle;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const WINDOW_STEP: [u8; 4] = [0, 0, 64, 0];

const END_STREAM_AND_HEADERS: u8 = 5;
const ACK: u8 = 1;

const LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn encode(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET http://test/`.
fn ask(stream: u32) -> Vec<u8> {
    encode(
        HEADERS,
        END_STREAM_AND_HEADERS,
        stream,
        b"\x82\x86\x84\x41\x04test",
    )
}

struct Client {
    socket: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        Self::over(socket).await
    }

    async fn over(mut socket: TcpStream) -> Self {
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        hello.extend(encode(SETTINGS, 0, 0, &[]));
        socket.write_all(&hello).await.unwrap();
        Self {
            socket,
            unread: Vec::new(),
        }
    }

    async fn send(&mut self, frames: &[u8]) {
        self.socket.write_all(frames).await.unwrap();
    }

    /// The frames of one read; none at the end of the connection, of which a reset is as good a one as a close.
    async fn hear(&mut self) -> Option<Vec<Frame>> {
        let read = timeout(LIMIT, self.socket.read_buf(&mut self.unread)).await;
        if read.expect("the server goes on").unwrap_or(0) == 0 {
            return None;
        }
        let mut frames = Vec::new();
        while let Some(length) = complete(&self.unread) {
            let frame: Vec<u8> = self.unread.drain(..length).collect();
            frames.push(Frame {
                kind: frame[3],
                flags: frame[4],
                stream: u32::from_be_bytes(frame[5..9].try_into().unwrap()),
                payload: frame[9..].to_vec(),
            });
        }
        Some(frames)
    }

    /// Answers pings until a frame of this kind has come, and says what else is to be written with the answers.
    async fn until(&mut self, wanted: u8, then: &[u8]) -> Frame {
        let found = timeout(LIMIT, self.find(wanted, then)).await;
        found.unwrap_or_else(|_| panic!("no frame of kind {wanted} comes"))
    }

    async fn find(&mut self, wanted: u8, then: &[u8]) -> Frame {
        while let Some(frames) = self.hear().await {
            let mut reply: Vec<u8> = frames.iter().flat_map(pong).collect();
            let found = frames.into_iter().find(|frame| frame.kind == wanted);
            if found.is_some() {
                reply.extend(then);
            }
            self.send(&reply).await;
            if let Some(found) = found {
                return found;
            }
        }
        panic!("the connection ended without a frame of kind {wanted}");
    }
}

fn complete(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, ..] = *bytes else { return None };
    let length = 9 + usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
    (bytes.len() >= length).then_some(length)
}

fn pong(frame: &Frame) -> Vec<u8> {
    if frame.kind == PING && frame.flags & ACK == 0 {
        encode(PING, ACK, 0, &frame.payload)
    } else {
        Vec::new()
    }
}

fn draining(delay: Duration) -> Lifecycle {
    lifecycle(Signals::Leave, |config| config.drain_delay = Some(delay))
}

async fn served(lifecycle: &Lifecycle) -> SocketAddr {
    serves(lifecycle, Router::new().route("/", get(async || "hello"))).await
}

/// Answers with so many bytes.
async fn served_with(lifecycle: &Lifecycle, length: usize) -> SocketAddr {
    let router = Router::new().route("/", get(async move || "x".repeat(length)));
    serves(lifecycle, router).await
}

async fn serves(lifecycle: &Lifecycle, router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = lifecycle.serve(listener, router).unwrap();
    lifecycle.ready().await.unwrap();
    address
}

#[tokio::test]
async fn a_request_that_crosses_the_notice_to_leave_is_answered() {
    let lifecycle = draining(Duration::from_secs(60));
    let mut client = Client::connect(served(&lifecycle).await).await;
    client.send(&ask(1)).await;
    assert_eq!(client.until(DATA, &[]).await.payload, b"hello");

    lifecycle.stop("test");
    // Clients write what they have queued after their answer to a ping.
    let notice = client.until(GOAWAY, &ask(3)).await;
    let answer = client.until(HEADERS, &[]).await;

    let every_stream = i32::MAX.to_be_bytes();
    assert_eq!(notice.payload[..4], every_stream);
    assert_eq!((answer.stream, answer.payload[0]), (3, 0x88), "200");
}

#[tokio::test]
async fn a_connection_without_a_request_is_told_to_leave_too() {
    let lifecycle = draining(Duration::from_secs(60));
    let mut client = Client::connect(served(&lifecycle).await).await;
    client.until(SETTINGS, &[]).await;

    lifecycle.stop("test");
    client.until(GOAWAY, &ask(1)).await;

    assert_eq!(client.until(DATA, &[]).await.payload, b"hello");
}

#[tokio::test]
async fn a_connection_that_says_late_that_it_is_http2_is_told_as_well() {
    let lifecycle = draining(Duration::from_secs(60));
    let socket = TcpStream::connect(served(&lifecycle).await).await.unwrap();
    while lifecycle.stats().connections == 0 {
        tokio::task::yield_now().await;
    }
    lifecycle.stop("test");
    let mut client = Client::over(socket).await;

    client.until(GOAWAY, &ask(1)).await;

    assert_eq!(client.until(DATA, &[]).await.payload, b"hello");
}

#[tokio::test]
async fn a_client_that_stays_is_told_for_good_which_requests_were_heard() {
    let lifecycle = draining(Duration::from_secs(60));
    let mut client = Client::connect(served(&lifecycle).await).await;
    client.send(&ask(1)).await;
    client.until(DATA, &[]).await;

    lifecycle.stop("test");
    let mut told = Vec::new();
    while let Some(frames) = client.hear().await {
        let pongs: Vec<u8> = frames.iter().flat_map(pong).collect();
        client.send(&pongs).await;
        told.extend(frames.into_iter().filter(|frame| frame.kind == GOAWAY));
    }

    let last = told.last().unwrap();
    assert_eq!(last.payload, [0, 0, 0, 1, 0, 0, 0, 0], "stream 1, no error");
    assert_eq!(lifecycle.stats().connections, 0, "long before the drain is over");
    lifecycle.stop("test");
}

#[tokio::test]
async fn without_a_drain_delay_a_client_is_told_and_closed_at_once() {
    let lifecycle = draining(Duration::ZERO);
    let mut client = Client::connect(served(&lifecycle).await).await;
    client.send(&ask(1)).await;
    client.until(DATA, &[]).await;

    lifecycle.stop("test");
    let leaves = async {
        client.until(GOAWAY, &[]).await;
        while let Some(frames) = client.hear().await {
            let pongs: Vec<u8> = frames.iter().flat_map(pong).collect();
            client.send(&pongs).await;
        }
    };
    let (exit, ()) = tokio::join!(lifecycle.run(), leaves);

    assert_eq!(exit, Exit::Clean);
}

/// What a stop may take besides the slowest request.
const SOON: Duration = Duration::from_millis(100);

/// How long a request may pause on its way.
const PAUSE: Duration = Duration::from_secs(1);

/// Wants three of fifty: the machine may be busy.
async fn stops_within<C>(limit: Duration, mut connect: impl AsyncFnMut(&Lifecycle) -> C) {
    let mut stops = Vec::new();
    for _ in 0..50 {
        let lifecycle = draining(Duration::ZERO);
        let client = connect(&lifecycle).await;
        let began = Instant::now();
        lifecycle.stop("test");
        assert_eq!(lifecycle.run().await, Exit::Clean);
        stops.push(began.elapsed());
        drop(client);
        if stops.iter().filter(|stop| **stop <= limit).count() == 3 {
            println!("stopped in {stops:?}");
            return;
        }
    }
    panic!("{stops:?}");
}

#[tokio::test]
async fn an_idle_client_that_answers_no_ping_does_not_hold_the_stop() {
    stops_within(SOON, async |lifecycle| {
        let mut client = Client::connect(served(lifecycle).await).await;
        client.send(&ask(1)).await;
        client.until(DATA, &[]).await;
        client
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_never_used_does_not_hold_the_stop() {
    for (hello, limit) in [
        (&b""[..], SOON),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SOON),
        // The rest of a request may be on its way.
        (b"PRI", PAUSE + SOON),
        (b"GET", PAUSE + SOON),
    ] {
        stops_within(limit, async |lifecycle| {
            let mut client = TcpStream::connect(served(lifecycle).await).await.unwrap();
            client.write_all(hello).await.unwrap();
            while lifecycle.stats().connections == 0 {
                tokio::task::yield_now().await;
            }
            client
        })
        .await;
    }
}

/// It has read all, although it says nothing of it.
#[tokio::test]
async fn an_idle_client_that_has_read_a_large_answer_does_not_hold_the_stop() {
    const LENGTH: usize = 60 << 10;
    stops_within(SOON, async |lifecycle| {
        let mut client = Client::connect(served_with(lifecycle, LENGTH).await).await;
        client.send(&ask(1)).await;
        let mut length = 0;
        while length < LENGTH {
            let frames = client.hear().await.unwrap();
            let data = frames.iter().filter(|frame| frame.kind == DATA);
            length += data.map(|frame| frame.payload.len()).sum::<usize>();
        }
        client
    })
    .await;
}

/// A server that is reached, and closes a connection of HTTP/2 that asks nothing after so long.
async fn closing(change: impl FnOnce(&mut LifecycleConfig)) -> (Lifecycle, Client) {
    let lifecycle = lifecycle(Signals::Leave, change);
    let mut client = Client::connect(served(&lifecycle).await).await;
    client.until(SETTINGS, &[]).await;
    (lifecycle, client)
}

/// It reads until the end, and answers pings.
async fn end(mut client: Client) {
    while let Some(frames) = client.hear().await {
        let pongs: Vec<u8> = frames.iter().flat_map(pong).collect();
        client.socket.write_all(&pongs).await.ok();
    }
}

#[tokio::test]
async fn a_client_that_has_connected_for_later_is_told_before_it_is_closed() {
    let (lifecycle, mut client) = closing(|config| {
        config.header_read_timeout = Duration::from_millis(500);
    })
    .await;

    let notice = client.until(GOAWAY, &ask(1)).await;
    let answer = client.until(DATA, &[]).await;

    assert_eq!(notice.payload[..4], i32::MAX.to_be_bytes());
    assert_eq!(answer.payload, b"hello");
    end(client).await;
    assert_eq!(lifecycle.stats().connections, 0);
}

#[tokio::test]
async fn a_client_that_never_asks_and_answers_no_ping_is_closed() {
    let (lifecycle, mut client) = closing(|config| {
        config.header_read_timeout = Duration::from_millis(500);
    })
    .await;

    while client.hear().await.is_some() {}

    assert_eq!(lifecycle.stats().connections, 0);
}

#[tokio::test]
async fn a_client_that_has_asked_nothing_for_long_is_told_before_it_is_closed() {
    let (lifecycle, mut client) = closing(|config| {
        config.keep_alive_timeout = Duration::from_millis(300);
    })
    .await;

    client.send(&ask(1)).await;
    client.until(DATA, &[]).await;
    client.until(GOAWAY, &ask(3)).await;
    let answer = client.until(DATA, &[]).await;

    assert_eq!((answer.stream, answer.payload), (3, b"hello".to_vec()));
    end(client).await;
    assert_eq!(lifecycle.stats().connections, 0);
}

const LARGE: usize = 4 << 20;

/// Slower than the server.
const QUICK: Duration = Duration::from_millis(1);

/// Reads a large answer, with `pause` before its first replies, and gives its length and whether it has ended.
async fn reads_slowly(client: &mut Client, pause: Duration) -> (usize, bool) {
    let (mut length, mut ended, mut replies) = (0, false, 0);
    while let Some(frames) = client.hear().await {
        let mut reply: Vec<u8> = frames.iter().flat_map(pong).collect();
        for data in frames.iter().filter(|frame| frame.kind == DATA) {
            length += data.payload.len();
            ended |= data.flags & END_STREAM != 0;
            reply.extend(encode(WINDOW_UPDATE, 0, 0, &WINDOW_STEP));
        }
        replies += usize::from(!reply.is_empty());
        let pauses = !reply.is_empty() && replies <= 10;
        tokio::time::sleep(if pauses { pause } else { QUICK }).await;
        client.socket.write_all(&reply).await.ok();
    }
    (length, ended)
}

/// The kernel throws away what it has not sent yet when something arrives at a closed socket.
async fn gets_all_of_its_answer(pause: Duration) {
    const WINDOW: u32 = 1 << 30;
    let lifecycle = draining(Duration::ZERO);
    let address = served_with(&lifecycle, LARGE).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut client = Client::over(socket.connect(address).await.unwrap()).await;
    let mut start = encode(SETTINGS, 0, 0, &[&[0, 4][..], &WINDOW.to_be_bytes()].concat());
    start.extend(encode(WINDOW_UPDATE, 0, 0, &WINDOW.to_be_bytes()));
    start.extend(ask(1));
    client.send(&start).await;
    client.until(HEADERS, &[]).await;

    lifecycle.stop("test");
    let (exit, read) = tokio::join!(lifecycle.run(), reads_slowly(&mut client, pause));

    assert_eq!(read, (LARGE, true));
    assert_eq!(exit, Exit::Clean);
}

#[tokio::test]
async fn a_slow_client_gets_the_whole_of_its_answer() {
    gets_all_of_its_answer(QUICK).await;
}

/// As long as bytes wait for it, its silence says nothing.
#[tokio::test]
async fn a_slow_client_that_pauses_gets_the_whole_of_its_answer() {
    gets_all_of_its_answer(Duration::from_millis(100)).await;
}
