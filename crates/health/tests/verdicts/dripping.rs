//! Servers whose answers come by the byte, or break off in the middle.

use std::net::SocketAddr;

use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::checks::{PostgresCheck, RedisCheck};
use groundcrew_testkit::{Postgres, Redis};
use rustix::net::sockopt::set_socket_linger;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::TcpStream,
    time::sleep,
};

use super::*;

/// What becomes of the answers of a server.
#[derive(Clone, Copy, Debug)]
enum Answers {
    /// A byte each second.
    Drip,
    Reset,
    Close,
}

/// Carries to a server. From the first byte of an answer in which `mark` has come, they break off or drip.
async fn spoilt(server: SocketAddr, mark: &'static [u8], answers: Answers) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut carriers = JoinSet::new();
    carriers.spawn(async move {
        let mut carried = JoinSet::new();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(server).await.unwrap();
            carried.spawn(async move { drop(carry(client, server, mark, answers).await) });
        }
    });
    (address, carriers)
}

async fn carry(client: TcpStream, server: TcpStream, mark: &[u8], answers: Answers) -> std::io::Result<()> {
    let (mut asked, mut ask) = client.into_split();
    let (mut answer, mut answered) = server.into_split();
    let _questions = JoinSet::from_iter([async move { drop(copy(&mut asked, &mut answered).await) }]);
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = answer.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        for byte in &piece[..length] {
            if said.windows(mark.len()).any(|end| end == mark) {
                match answers {
                    Answers::Drip => sleep(Duration::from_secs(1)).await,
                    Answers::Reset => {
                        set_socket_linger(ask.as_ref(), Some(Duration::ZERO))?;
                        return Ok(());
                    }
                    Answers::Close => return Ok(()),
                }
            }
            said.push(*byte);
            ask.write_all(&[*byte]).await?;
        }
    }
}

fn postgres(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap())
}

fn redis(address: SocketAddr) -> RedisCheck {
    RedisCheck::new(RedisUrl::parse(&format!("redis://{address}")).unwrap())
}

/// Asserts what is said again and again.
async fn is(check: &impl Check, expected: &str, what: &str) {
    for _ in 0..4 {
        let verdict = check.run().await;
        assert_eq!(word(&verdict), expected, "{what}: {verdict:?}");
    }
}

#[tokio::test]
async fn an_answer_that_drips_is_frozen_and_one_that_breaks_off_is_down() {
    let (postgres_server, redis_server) = (Postgres::start().await.unwrap(), Redis::start().await.unwrap());
    let url = |address: SocketAddr| {
        let real = postgres_server.addr().to_string();
        postgres_server.url().replace(&real, &address.to_string())
    };

    for (answers, expected) in [
        (Answers::Drip, "frozen"),
        (Answers::Reset, "down"),
        (Answers::Close, "down"),
    ] {
        // While logging in, and when the first column of the answer is named.
        for mark in ["R", "current_setting"] {
            let what = format!("postgres, {answers:?} after {mark}");
            let (address, _carrier) = spoilt(postgres_server.addr(), mark.as_bytes(), answers).await;
            let limit = if expected == "frozen" { TIMEOUT } else { LIMIT };
            let check = postgres(&url(address)).timeout(limit).connect_timeout(limit);
            is(&check, expected, &what).await;
        }
        for mark in ["server", "redis_version"] {
            let what = format!("redis, {answers:?} after {mark}");
            let (address, _carrier) = spoilt(redis_server.addr(), mark.as_bytes(), answers).await;
            let limit = if expected == "frozen" { TIMEOUT } else { LIMIT };
            let check = redis(address).timeout(limit).connect_timeout(limit);
            is(&check, expected, &what).await;
        }
    }
}
