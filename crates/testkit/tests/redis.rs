//! Private Redis servers: starting, faults.

use std::time::Duration;

use groundcrew_testkit::{Error, Redis, redis};

#[tokio::test]
async fn replies_read_as_redis_cli_prints_them() {
    let server = Redis::start().await.expect("Redis is installed");

    assert_eq!(
        server.command(&["SET", "k", "a\r\nb"]).await.expect("a reply"),
        "OK"
    );
    assert_eq!(server.command(&["GET", "k"]).await.expect("a reply"), "a\r\nb");
    assert_eq!(server.command(&["GET", "none"]).await.expect("a reply"), "(nil)");
    assert_eq!(
        server.command(&["RPUSH", "l", "x", "y"]).await.expect("a reply"),
        "2"
    );
    assert_eq!(
        server
            .command(&["LRANGE", "l", "0", "-1"])
            .await
            .expect("a reply"),
        "x\ny"
    );
    let error = server.command(&["INCR", "k"]).await.expect_err("not a number");
    assert!(matches!(error, Error::Redis { command, .. } if command == "INCR"));
}

#[tokio::test]
async fn a_password_is_required_and_in_the_url_but_in_no_process_list() {
    let server = Redis::builder()
        .password("s3cr3t")
        .start()
        .await
        .expect("Redis is installed");

    assert_eq!(server.url(), format!("redis://:s3cr3t@{}", server.addr()));
    assert_eq!(
        server
            .command(&["CONFIG", "GET", "requirepass"])
            .await
            .expect("a reply"),
        "requirepass\ns3cr3t"
    );
    assert!(!format!("{server:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn a_stopped_server_keeps_its_data_and_a_killed_one_its_port() {
    let server = Redis::start().await.expect("Redis is installed");
    let addr = server.addr();
    server.command(&["SET", "k", "v"]).await.expect("a reply");

    server.stop().await.expect("it stops");
    assert!(std::net::TcpStream::connect(addr).is_err());
    server.start_again().await.expect("it starts");
    assert_eq!(server.command(&["GET", "k"]).await.expect("a reply"), "v");

    server.kill().await.expect("it dies");
    assert!(matches!(server.pause(), Err(Error::NotRunning { .. })));
    server.start_again().await.expect("it starts");
    assert_eq!(server.addr(), addr);
    assert_eq!(server.command(&["PING"]).await.expect("a reply"), "PONG");
}

#[tokio::test]
async fn a_paused_server_answers_only_after_it_is_resumed() {
    let server = Redis::start().await.expect("Redis is installed");

    server.pause().expect("it runs");
    let silent = tokio::time::timeout(Duration::from_millis(200), server.command(&["PING"])).await;
    server.resume().expect("it is paused");

    assert!(silent.is_err(), "it answered although it is paused");
    assert_eq!(server.command(&["PING"]).await.expect("a reply"), "PONG");
}

#[tokio::test]
async fn a_server_that_is_stopped_while_paused_ends_in_good_order_and_comes_back_awake() {
    let server = Redis::start().await.expect("Redis is installed");
    server.command(&["SET", "k", "v"]).await.expect("a reply");

    server.pause().expect("it runs");
    server.stop().await.expect("it stops");
    assert!(!server.is_running());
    server.start_again().await.expect("it starts");

    assert_eq!(server.command(&["GET", "k"]).await.expect("a reply"), "v");
}

#[tokio::test]
async fn a_tls_server_listens_for_tls_alone() {
    let server = Redis::builder().tls().start().await.expect("Redis is installed");

    assert_eq!(server.url(), format!("rediss://{}", server.addr()));
    assert_eq!(
        server.command(&["CONFIG", "GET", "port"]).await.expect("a reply"),
        "port\n0"
    );
    assert!(server.tls().expect("TLS was asked for").authority().is_file());
}

#[tokio::test]
async fn shares_of_one_server_have_prefixes_of_their_own() {
    let one = redis().await.expect("Redis is installed");
    let other = redis().await.expect("Redis is installed");

    assert_eq!(one.url(), other.url());
    assert_ne!(one.prefix(), other.prefix());
}

#[tokio::test]
async fn a_missing_redis_names_the_command_that_installs_it() {
    let error = Redis::builder()
        .programs("/nonexistent")
        .start()
        .await
        .expect_err("no such directory");

    assert!(
        error.to_string().contains("`apt-get install redis-server`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bad_setting_fails_with_the_servers_own_words() {
    let error = Redis::builder()
        .setting("no-such-setting", "1")
        .start()
        .await
        .expect_err("a bad setting");

    assert!(error.to_string().contains("no-such-setting"), "{error}");
}

#[tokio::test]
async fn nothing_is_left_of_a_dropped_server() {
    let server = Redis::start().await.expect("Redis is installed");
    let (addr, dir) = (server.addr(), server.data_dir().to_owned());

    drop(server);

    assert!(!dir.exists(), "{}", dir.display());
    assert!(std::net::TcpStream::connect(addr).is_err());
}
