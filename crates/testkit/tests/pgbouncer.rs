//! `PgBouncer` in front of a private server.

use std::{net::TcpStream, time::Duration};

use groundcrew_testkit::{Error, PgBouncer, Postgres, eventually};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str, drivers: &mut JoinSet<Result<(), tokio_postgres::Error>>) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("it connects through");
    drivers.spawn(connection);
    client
}

#[tokio::test]
async fn two_clients_share_one_server_session_in_transaction_mode() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let bouncer = PgBouncer::builder(&server)
        .setting("default_pool_size", "1")
        .start()
        .await
        .expect("PgBouncer is installed");
    let mut drivers = JoinSet::new();
    let one = connect(&bouncer.url_of(&database), &mut drivers).await;
    let other = connect(&bouncer.url_of(&database), &mut drivers).await;

    let mut sessions = Vec::new();
    for client in [&one, &other] {
        let rows = client
            .simple_query("SELECT pg_backend_pid()")
            .await
            .expect("a row");
        let pid = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        sessions.push(pid.expect("a process id"));
    }

    assert_eq!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn a_killed_bouncer_comes_back_on_the_same_port() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let bouncer = PgBouncer::start(&server).await.expect("PgBouncer is installed");
    let addr = bouncer.addr();

    bouncer.kill().await.expect("it dies");
    assert!(TcpStream::connect(addr).is_err());
    bouncer.start_again().await.expect("it starts");

    let mut drivers = JoinSet::new();
    let client = connect(&bouncer.url(), &mut drivers).await;
    assert!(client.simple_query("SELECT 1").await.is_ok());
}

#[tokio::test]
async fn a_stopped_bouncer_ends_after_the_transaction_that_runs_and_comes_back() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let bouncer = PgBouncer::start(&server).await.expect("PgBouncer is installed");
    let mut drivers = JoinSet::new();
    let client = connect(&bouncer.url(), &mut drivers).await;
    let begun = client
        .batch_execute("BEGIN; CREATE TABLE t AS SELECT 7 AS n")
        .await;
    begun.expect("a transaction");

    let (stopped, committed) = tokio::join!(bouncer.stop(), async {
        eventually(Duration::from_secs(10), "the request to stop", async || {
            let log = std::fs::read_to_string(bouncer.log()).ok()?;
            log.contains("SIGINT").then_some(())
        })
        .await;
        client.batch_execute("COMMIT").await
    });
    committed.expect("the transaction ends in good order");
    stopped.expect("it ends");

    assert!(TcpStream::connect(bouncer.addr()).is_err());
    bouncer.start_again().await.expect("it starts");
    assert!(matches!(
        bouncer.start_again().await,
        Err(Error::StillRunning { .. })
    ));
    let client = connect(&bouncer.url(), &mut drivers).await;
    let row = client.query_one("SELECT n FROM t", &[]).await.expect("a row");
    assert_eq!(row.get::<_, i32>(0), 7);
}

#[tokio::test]
async fn a_paused_bouncer_keeps_its_clients_waiting_until_it_is_resumed() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let bouncer = PgBouncer::start(&server).await.expect("PgBouncer is installed");
    let mut drivers = JoinSet::new();
    let client = connect(&bouncer.url(), &mut drivers).await;

    bouncer.pause().expect("it runs");
    let silent = tokio::time::timeout(Duration::from_millis(200), client.simple_query("SELECT 1")).await;
    bouncer.resume().expect("it is paused");

    assert!(silent.is_err(), "it answered although it is paused");
    client.simple_query("SELECT 1").await.expect("it answers again");
}

#[tokio::test]
async fn a_missing_pgbouncer_names_the_command_that_installs_it() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");

    let error = PgBouncer::builder(&server)
        .programs("/nonexistent")
        .start()
        .await
        .expect_err("no such directory");

    assert!(
        error.to_string().contains("`apt-get install pgbouncer`"),
        "{error}"
    );
}
