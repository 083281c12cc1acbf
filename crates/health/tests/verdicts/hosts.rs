//! A URL with several hosts.

use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_health::{Status, checks::PostgresCheck};
use groundcrew_testkit::{Postgres, Proxy};

use super::*;

fn check(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap()).timeout(TIMEOUT)
}

/// The URL of the server, behind others.
fn behind(silent: std::net::SocketAddr, server: &Postgres) -> String {
    let url = server.url();
    let (login, host) = url.split_once('@').unwrap();
    format!("{login}@{silent},{host}")
}

#[tokio::test]
async fn a_host_that_is_silent_keeps_nobody_from_the_next() {
    let server = Postgres::start().await.unwrap();
    let (silent, _kept) = listener(true).await;

    let verdict = says(&check(&behind(silent, &server)), "up", LIMIT).await;

    assert_eq!(verdict.status(), Status::Healthy);
    assert_eq!(detail(&verdict, "role"), &text("primary"));
}

#[tokio::test]
async fn a_first_host_that_becomes_a_black_hole_is_left_for_the_second() {
    let server = Postgres::start().await.unwrap();
    let way = Proxy::start(server.addr()).await.unwrap();
    let check = check(&behind(way.addr(), &server));
    assert_eq!(word(&says(&check, "up", LIMIT).await), "up");
    assert_eq!(way.stats().accepted, 1);

    way.black_hole();
    assert_eq!(word(&check.run().await), "frozen");

    drop(says(&check, "up", LIMIT).await);
}

#[tokio::test]
async fn hosts_that_are_all_silent_are_frozen_in_time() {
    let (first, _kept) = listener(true).await;
    let (second, _kept_too) = listener(true).await;
    let check = check(&format!("postgres://app:pw@{first},{second}/app?sslmode=disable"));

    let verdict = asked(&check, "frozen", 3, FROZEN).await;

    assert_eq!((word(&verdict), verdict.status()), ("frozen", Status::Unhealthy));
}

#[tokio::test]
async fn what_one_says_counts_more_than_the_silence_of_another() {
    let server = Postgres::start().await.unwrap();
    let (silent, _kept) = listener(true).await;
    let url = behind(silent, &server).replace(&format!("@{silent},"), "@");
    let (login, host) = url.split_once('@').unwrap();
    let (host, database) = host.split_once('/').unwrap();
    let url = format!("{login}@{host},{silent}/no_such_{database}");

    let verdict = says(&check(&url), "auth", LIMIT).await;

    assert_eq!(detail(&verdict, "permanent"), &Detail::Bool(true));
}
