//! The TCP proxy's faults, seen by a client of a real server.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use groundcrew_testkit::{Proxy, Redis, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

async fn redis_behind_a_proxy() -> (Redis, Proxy) {
    let server = Redis::start().await.expect("Redis is installed");
    let proxy = Proxy::start(server.addr()).await.expect("a port");
    (server, proxy)
}

async fn ping(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.write_all(b"PING\r\n").await?;
    let mut reply = [0; 64];
    let length = stream.read(&mut reply).await?;
    Ok(String::from_utf8_lossy(&reply[..length]).into_owned())
}

#[tokio::test]
async fn bytes_are_forwarded_and_counted() {
    let (_server, proxy) = redis_behind_a_proxy().await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it accepts");

    assert_eq!(ping(&mut client).await.expect("a reply"), "+PONG\r\n");

    let stats = proxy.stats();
    assert_eq!(
        (stats.open, stats.accepted, stats.to_upstream, stats.from_upstream),
        (1, 1, 6, 7)
    );
    drop(client);
    eventually(Duration::from_secs(1), "the connection's end", async || {
        (proxy.stats().open == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn latency_makes_every_round_trip_that_much_longer() {
    let (_server, proxy) = redis_behind_a_proxy().await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it accepts");
    proxy.latency(Duration::from_millis(80));

    let started = Instant::now();
    let reply = ping(&mut client).await.expect("a reply");

    assert_eq!(reply, "+PONG\r\n");
    assert!(
        started.elapsed() >= Duration::from_millis(80),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_cut_closes_connections_and_refuses_new_ones_until_restored() {
    let (_server, proxy) = redis_behind_a_proxy().await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it accepts");
    assert_eq!(ping(&mut client).await.expect("a reply"), "+PONG\r\n");

    proxy.cut();

    let mut rest = Vec::new();
    assert_eq!(client.read_to_end(&mut rest).await.expect("an orderly end"), 0);
    let refused = TcpStream::connect(proxy.addr())
        .await
        .expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    proxy.restore();
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it accepts again");
    assert_eq!(ping(&mut client).await.expect("a reply"), "+PONG\r\n");
}

#[tokio::test]
async fn a_black_hole_holds_everything_back_until_restored() {
    let (_server, proxy) = redis_behind_a_proxy().await;
    let mut old = TcpStream::connect(proxy.addr()).await.expect("it accepts");
    assert_eq!(ping(&mut old).await.expect("a reply"), "+PONG\r\n");

    proxy.black_hole();

    let mut new = TcpStream::connect(proxy.addr()).await.expect("it still accepts");
    let silent = timeout(Duration::from_millis(200), ping(&mut old)).await;
    let silent_too = timeout(Duration::from_millis(50), ping(&mut new)).await;
    assert!(
        silent.is_err() && silent_too.is_err(),
        "an answer came out of the black hole"
    );

    proxy.restore();
    let mut reply = [0; 7];
    old.read_exact(&mut reply).await.expect("the held answer");
    assert_eq!(&reply, b"+PONG\r\n");
    new.read_exact(&mut reply).await.expect("the held answer");
    assert_eq!(&reply, b"+PONG\r\n");
}

#[tokio::test]
async fn a_reset_aborts_open_connections_only() {
    let (_server, proxy) = redis_behind_a_proxy().await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it accepts");
    assert_eq!(ping(&mut client).await.expect("a reply"), "+PONG\r\n");

    proxy.reset();

    let error = client
        .read(&mut [0; 8])
        .await
        .expect_err("the connection is gone");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut next = TcpStream::connect(proxy.addr()).await.expect("it accepts");
    assert_eq!(ping(&mut next).await.expect("a reply"), "+PONG\r\n");
}

#[tokio::test]
async fn a_dead_server_is_not_hidden() {
    let (server, proxy) = redis_behind_a_proxy().await;
    server.kill().await.expect("it dies");

    // The reset may come before or after the client has noticed that it is connected.
    let error = match TcpStream::connect(proxy.addr()).await {
        Ok(mut client) => client.read(&mut [0; 8]).await.expect_err("the server is gone"),
        Err(error) => error,
    };

    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
