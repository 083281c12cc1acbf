//! Servers that the environment names.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use groundcrew_testkit::Postgres;

fn helper(variable: &str, value: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_testkit-servers"))
        .arg("database")
        .env(variable, value)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the helper program")
}

#[tokio::test]
async fn the_shared_database_lies_on_the_given_server_and_is_dropped_from_it() {
    let server = Postgres::start().await.expect("PostgreSQL is installed");
    let own = server.database().await.expect("a database");
    let client = own.connect().await.expect("a connection");
    let count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'";
    // TCP and no TLS: a given server may be anywhere.
    let mut child = helper("TESTKIT_POSTGRES_URL", &server.url());

    let output = BufReader::new(child.stdout.take().expect("piped above"));
    let lines: Vec<String> = output.lines().map_while(Result::ok).take(2).collect();
    let during: i64 = client.query_one(count, &[]).await.expect("a row").get(0);
    drop(child.stdin.take());
    let status = child.wait().expect("its end");
    let after: i64 = client.query_one(count, &[]).await.expect("a row").get(0);

    let address = format!("@{}/test_", server.addr());
    assert!(lines[0].starts_with("DATABASE_URL=postgres://postgres:") && lines[0].contains(&address));
    assert!(status.success());
    assert_eq!((during, after), (2, 1));
}

#[test]
fn an_unusable_url_is_named_by_its_variable_without_its_value() {
    let child = helper("TESTKIT_POSTGRES_URL", "postgres://u:hunter2@[broken/");

    let output = child.wait_with_output().expect("its end");

    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.starts_with("TESTKIT_POSTGRES_URL is not a usable URL"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}
