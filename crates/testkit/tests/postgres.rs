//! Private PostgreSQL servers: starting, isolation, faults.

use std::time::Duration;

use groundcrew_testkit::{Error, Postgres, eventually};

#[tokio::test]
async fn databases_of_one_server_do_not_see_each_other() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let one = server.database().await.expect("a database");
    let other = server.database().await.expect("a database");
    let client = one.connect().await.expect("a connection");
    client
        .batch_execute("CREATE TABLE t (id int)")
        .await
        .expect("a table");

    let seen = other
        .connect()
        .await
        .expect("a connection")
        .query("SELECT to_regclass('t')::text", &[])
        .await;

    assert_eq!(seen.expect("a row")[0].get::<_, Option<String>>(0), None);
}

#[tokio::test]
async fn the_url_reaches_the_database_with_its_password_and_not_without() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let mut config: tokio_postgres::Config = database.url().parse().expect("a URL");

    let (client, connection) = config
        .connect(tokio_postgres::NoTls)
        .await
        .expect("the right password");
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    let name: String = client
        .query_one("SELECT current_database()::text", &[])
        .await
        .expect("a row")
        .get(0);
    assert_eq!(name, database.name());
    drop(client);
    driver
        .join_next()
        .await
        .expect("one task")
        .expect("no panic")
        .expect("a clean end");

    let refused = config
        .password("wrong")
        .connect(tokio_postgres::NoTls)
        .await
        .err()
        .expect("a refusal");
    assert_eq!(
        refused.code(),
        Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD)
    );
}

#[tokio::test]
async fn a_database_is_gone_after_its_last_handle() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let name = database.name().to_owned();
    let busy = database.connect().await.expect("a connection");

    drop(database);

    let database = server.database().await.expect("a database");
    let watcher = database.connect().await.expect("a connection");
    let left = watcher
        .query("SELECT FROM pg_database WHERE datname = $1", &[&name])
        .await
        .expect("rows");
    assert_eq!(left.len(), 0);
    drop(busy);
}

#[tokio::test]
async fn extensions_settings_and_server_programs_are_as_asked() {
    let server = Postgres::builder()
        .setting("max_connections", "17")
        .extension("pg_stat_statements")
        .extension("auto_explain")
        .start()
        .await
        .expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let client = database.connect().await.expect("a connection");

    let row = client
        .query_one(
            "SELECT current_setting('max_connections'), current_setting('shared_preload_libraries'), \
             (SELECT count(*) > 0 FROM pg_stat_statements)",
            &[],
        )
        .await
        .expect("pg_stat_statements works");

    assert_eq!(row.get::<_, String>(0), "17");
    assert_eq!(row.get::<_, String>(1), "pg_stat_statements,auto_explain");
    assert!(row.get::<_, bool>(2));
    assert!(server.programs().join("pg_dump").is_file());
}

#[test]
fn what_is_installed_is_available() {
    Postgres::available().expect("PostgreSQL is installed");
}

#[tokio::test]
async fn a_missing_extension_names_the_command_that_installs_it() {
    let error = Postgres::builder()
        .extension("no_such_thing")
        .start()
        .await
        .expect_err("no such extension");

    assert!(matches!(&error, Error::MissingExtension { extension, .. } if extension == "no_such_thing"));
    assert!(
        error.to_string().contains("apt-get install postgresql-"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_postgres_names_the_command_that_installs_it() {
    let error = Postgres::builder()
        .programs("/nonexistent")
        .start()
        .await
        .expect_err("no such directory");

    assert!(
        error.to_string().contains("`apt-get install postgresql`"),
        "{error}"
    );
    assert!(error.to_string().contains("`cargo xtask setup test`"), "{error}");
}

#[tokio::test]
async fn a_bad_setting_fails_with_the_servers_own_words() {
    let error = Postgres::builder()
        .setting("work_mem", "plenty")
        .start()
        .await
        .expect_err("a bad setting");

    assert!(matches!(error, Error::Exited { .. }), "{error}");
    assert!(error.to_string().contains("work_mem"), "{error}");
}

#[tokio::test]
async fn a_paused_server_keeps_open_sessions_waiting_until_it_is_resumed() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let client = database.connect().await.expect("a connection");
    let _first = client.query_one("SELECT 1", &[]).await.expect("it runs");

    server.pause().expect("it runs");
    let silent = tokio::time::timeout(Duration::from_millis(300), client.query_one("SELECT 1", &[])).await;
    server.resume().expect("it is paused");

    assert!(
        silent.is_err(),
        "an open session answered although the server is paused"
    );
    let row = client.query_one("SELECT 2", &[]).await.expect("it runs again");
    assert_eq!(row.get::<_, i32>(0), 2);
}

#[tokio::test]
async fn a_killed_server_comes_back_on_the_same_port_with_its_data() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let client = database.connect().await.expect("a connection");
    client
        .batch_execute("CREATE TABLE t AS SELECT 7 AS n")
        .await
        .expect("a table");
    let addr = server.addr();

    server.kill().await.expect("it runs");
    assert!(!server.is_running());
    assert!(client.query_one("SELECT 1", &[]).await.is_err());
    assert!(
        std::net::TcpStream::connect(addr).is_err(),
        "the port of a dead server refuses"
    );
    server.start_again().await.expect("it recovers");

    assert_eq!(server.addr(), addr);
    let row = database
        .connect()
        .await
        .expect("a connection")
        .query_one("SELECT n FROM t", &[])
        .await;
    assert_eq!(row.expect("a row").get::<_, i32>(0), 7);
}

#[tokio::test]
async fn a_stopped_server_comes_back_with_its_data_and_refuses_to_be_started_twice() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let client = database.connect().await.expect("a connection");
    let made = client.batch_execute("CREATE TABLE t AS SELECT 7 AS n").await;
    made.expect("a table");

    server.stop().await.expect("it stops");
    assert!(!server.is_running());
    assert!(std::net::TcpStream::connect(server.addr()).is_err());
    server.start_again().await.expect("it starts");

    let client = database.connect().await.expect("a connection");
    let row = client.query_one("SELECT n FROM t", &[]).await.expect("a row");
    assert_eq!(row.get::<_, i32>(0), 7);
    let log = std::fs::read_to_string(server.log()).expect("a log");
    assert!(log.contains("received fast shutdown request"), "{log}");
    assert!(!log.contains("not properly shut down"), "{log}");
    assert!(matches!(
        server.start_again().await,
        Err(Error::StillRunning { .. })
    ));
}

#[tokio::test]
async fn nothing_is_left_of_a_dropped_server() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let (addr, dir) = (server.addr(), server.socket_dir().to_owned());

    drop(server);

    assert!(!dir.exists(), "{}", dir.display());
    assert!(std::net::TcpStream::connect(addr).is_err());
}

#[tokio::test]
async fn tls_is_offered_with_the_private_authoritys_certificate() {
    let server = Postgres::builder()
        .tls()
        .start()
        .await
        .expect("PostgreSQL is installed");
    let database = server.database().await.expect("a database");
    let client = database.connect().await.expect("a connection");

    let ssl: String = client.query_one("SHOW ssl", &[]).await.expect("a row").get(0);

    let files = server.tls().expect("TLS was asked for");
    assert_eq!(ssl, "on");
    assert!(files.authority().is_file());
    assert!(server.url().ends_with(&format!(
        "?sslmode=verify-full&sslrootcert={}",
        files.authority().display()
    )));
}

#[tokio::test]
async fn eventually_answers_what_the_probe_found() {
    let mut polls = 0;

    let found = eventually(Duration::from_secs(1), "three polls", async || {
        polls += 1;
        (polls == 3).then_some(polls)
    })
    .await;

    assert_eq!(found, 3);
}

#[tokio::test]
#[should_panic(expected = "the impossible: not within 20ms (at crates/testkit/tests/postgres.rs")]
async fn eventually_panics_with_what_was_waited_for_and_where() {
    eventually::<(), _>(Duration::from_millis(20), "the impossible", async || None).await;
}
