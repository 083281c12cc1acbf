//! Runs that may not take as long as an answer may, or that somebody gives up.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Health, Registration, Status,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Postgres, Redis, RedisCluster};
use tokio::{io::copy_bidirectional, net::TcpStream, time::timeout};

use super::*;
use crate::verdict::shows;

/// An address that moves to another server without a word to those who are connected.
struct Address {
    at: SocketAddr,
    leads_to: Arc<Mutex<SocketAddr>>,
    _carriers: JoinSet<()>,
}

impl Address {
    async fn of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, leads_to) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(server)));
        let server = Arc::clone(&leads_to);
        let accept = async move {
            let mut carried = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let server = *server.lock().unwrap();
                carried.spawn(async move {
                    let mut there = TcpStream::connect(server).await.unwrap();
                    drop(copy_bidirectional(&mut stream, &mut there).await);
                });
            }
        };
        Self {
            at,
            leads_to,
            _carriers: JoinSet::from_iter([accept]),
        }
    }

    fn move_to(&self, server: SocketAddr) {
        *self.leads_to.lock().unwrap() = server;
    }
}

/// With a deadline of the engine below the limit of an answer, which is the default's.
fn hasty(name: &str, check: impl Check) -> Registration {
    Registration::new(name, check)
        .deadline(Duration::from_millis(300))
        .interval(Duration::from_millis(50))
}

/// What the engine makes of a server that stops, and of its address that moves.
async fn frozen_and_moved(check: impl Check, stop: impl FnOnce(), turn: impl FnOnce()) {
    let health = Health::builder("1")
        .register(hasty("server", check))
        .start()
        .unwrap();
    drop(shows(&health, "server", "up", LIMIT * 2).await);

    stop();
    let frozen = shows(&health, "server", "frozen", LIMIT).await;
    assert_eq!(frozen.status(), Status::Unhealthy);
    let reason = frozen.reason().unwrap();
    assert!(
        reason.starts_with("no answer within ") && !reason.contains("500"),
        "{reason}"
    );

    turn();
    drop(shows(&health, "server", "up", LIMIT * 2).await);
    assert!(health.shutdown(LIMIT).await.is_clean());
}

#[tokio::test]
async fn a_postgres_that_stops_is_frozen_with_a_short_deadline_too_and_its_successor_is_found() {
    let (first, second) = (Postgres::start().await.unwrap(), Postgres::start().await.unwrap());
    let address = Address::of(first.addr()).await;
    let guest = "CREATE ROLE guest LOGIN PASSWORD 'hunter2'";
    for server in [&first, &second] {
        let (admin, _driver) = postgres::client(server).await;
        admin.simple_query(guest).await.unwrap();
    }
    let url = format!("postgres://guest:hunter2@{}/postgres", address.at);
    let check = PostgresCheck::new(PostgresUrl::parse(&url).unwrap());

    let stop = || first.pause().unwrap();
    frozen_and_moved(check, stop, || address.move_to(second.addr())).await;
}

#[tokio::test]
async fn a_redis_that_stops_is_frozen_with_a_short_deadline_too_and_its_successor_is_found() {
    let (first, second) = (Redis::start().await.unwrap(), Redis::start().await.unwrap());
    let address = Address::of(first.addr()).await;
    let check = RedisCheck::new(RedisUrl::parse(&format!("redis://{}", address.at)).unwrap());

    let stop = || first.pause().unwrap();
    frozen_and_moved(check, stop, || address.move_to(second.addr())).await;
}

/// Whoever asks outside of an engine may have less patience than the check.
#[tokio::test]
async fn a_connection_on_which_runs_are_given_up_is_given_up_too() {
    let (first, second) = (Redis::start().await.unwrap(), Redis::start().await.unwrap());
    let address = Address::of(first.addr()).await;
    let url = RedisUrl::parse(&format!("redis://{}", address.at)).unwrap();
    let check = RedisCheck::new(url).timeout(LIMIT).connect_timeout(LIMIT);
    assert_eq!(word(&check.run().await), "up");

    first.pause().unwrap();
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(20), check.run()).await.is_err());
    }
    address.move_to(second.addr());

    assert_eq!(word(&check.run().await), "up");
}

#[tokio::test]
async fn a_cluster_keeps_its_connections_when_a_run_is_given_up() {
    let cluster = RedisCluster::start().await.unwrap();
    let check = RedisCheck::new(RedisUrl::parse(&cluster.url()).unwrap())
        .timeout(LIMIT)
        .connect_timeout(LIMIT);
    drop(says(&check, "up", LIMIT).await);
    let node = &cluster.nodes()[1];
    let connections = async || -> u64 {
        let said = node.command(&["INFO", "stats"]).await.unwrap();
        let count = said.split("total_connections_received:").nth(1).unwrap();
        count.lines().next().unwrap().trim().parse().unwrap()
    };
    let before = connections().await;

    node.pause().unwrap();
    for _ in 0..2 {
        assert!(timeout(TIMEOUT, check.run()).await.is_err());
    }
    node.resume().unwrap();
    drop(says(&check, "up", LIMIT).await);

    // The one that asks for it.
    assert_eq!(connections().await, before + 1);
}
