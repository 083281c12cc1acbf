//! A URL with several hosts.

use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_health::{Status, checks::PostgresCheck};
use groundcrew_testkit::{Postgres, Proxy};

use super::*;

fn check(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap()).timeout(TIMEOUT)
}

/// However busy the machine is, who answers is not taken for silent.
fn patient(url: &str) -> PostgresCheck {
    check(url).timeout(LIMIT * 2).connect_timeout(LIMIT * 2)
}

/// The URL of the server, before another.
fn before(other: std::net::SocketAddr, server: &Postgres) -> String {
    let url = server.url();
    let (login, host) = url.split_once('@').unwrap();
    let (host, database) = host.split_once('/').unwrap();
    format!("{login}@{host},{other}/{database}")
}

/// The URL of the server, behind another.
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
async fn a_login_that_is_refused_is_tried_at_no_other_host() {
    let server = Postgres::start().await.unwrap();
    let other = Proxy::start(server.addr()).await.unwrap();
    let url = before(other.addr(), &server);
    let (hosts, database) = url.rsplit_once('/').unwrap();

    let verdict = patient(&format!("{hosts}/no_such_{database}")).run().await;

    assert_eq!(word(&verdict), "auth");
    assert_eq!(detail(&verdict, "permanent"), &Detail::Bool(true));
    assert_eq!(other.stats().accepted, 0);
}

#[tokio::test]
async fn living_servers_that_take_no_writes_are_not_down_where_writes_are_wanted() {
    let server = Postgres::start().await.unwrap();
    let other = Proxy::start(server.addr()).await.unwrap();
    let url = |attributes: &str, read_only: &str| {
        let url = before(other.addr(), &server);
        let separator = if url.contains('?') { '&' } else { '?' };
        let options = format!("options=-c%20default_transaction_read_only%3D{read_only}");
        format!("{url}{separator}target_session_attrs={attributes}&{options}")
    };

    let read_only = patient(&url("read-write", "on")).run().await;
    let writable = patient(&url("read-only", "off")).run().await;

    assert_eq!(
        (word(&read_only), read_only.status(), read_only.reason()),
        (
            "read_only",
            Status::Unhealthy,
            Some(
                "no server is as target_session_attrs wants it: error connecting to server: database does not allow writes"
            )
        )
    );
    assert_eq!((word(&writable), writable.status()), ("error", Status::Unhealthy));
    assert!(writable.details().find("permanent").is_none());
    assert_eq!(other.stats().accepted, 2);
}

#[tokio::test]
async fn what_one_says_counts_more_than_the_silence_of_another() {
    let server = Postgres::start().await.unwrap();
    let (silent, _kept) = listener(true).await;
    let url = before(silent, &server);
    let separator = if url.contains('?') { '&' } else { '?' };
    let options = "options=-c%20default_transaction_read_only%3Don";
    let check = check(&format!(
        "{url}{separator}target_session_attrs=read-write&{options}"
    ));

    let verdict = says(&check, "read_only", LIMIT).await;

    assert_eq!(verdict.status(), Status::Unhealthy);
}
