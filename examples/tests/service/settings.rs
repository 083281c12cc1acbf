//! What a wrong environment is told.

use tokio::net::TcpListener;

use crate::{
    harness::{Ended, Service},
    servers::Variables,
};

async fn refused(variables: &[(&'static str, &str)]) -> Ended {
    let variables: Variables = variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let ended = Service::launch(variables).end().await;
    assert_eq!(ended.code, Some(78), "{}{}", ended.stdout, ended.stderr);
    assert!(
        !ended.stderr.contains("panicked") && !ended.stderr.contains("backtrace"),
        "{}",
        ended.stderr
    );
    ended
}

#[tokio::test]
async fn three_mistakes_are_told_at_once() {
    let ended = refused(&[
        ("PORT", "abc"),
        ("LOG_LEVEL", "loud"),
        ("RATE_LIMIT_MAX_REQUESTS", "1"),
        ("RUST_BACKTRACE", "1"),
    ])
    .await;

    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ended.stderr);
    assert_eq!(lines[0], "configuration is invalid: 3 problems");
    assert!(
        lines[1].starts_with("  PORT = \"abc\": expected a whole number"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("  LOG_LEVEL = \"loud\": "), "{}", lines[2]);
    assert!(
        lines[3].starts_with("  RATE_LIMIT_MAX_REQUESTS = \"1\": "),
        "{}",
        lines[3]
    );
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn a_disk_cannot_be_unhealthy_before_it_is_degraded() {
    let ended = refused(&[("DISK_DEGRADED_PERCENT", "95")]).await;

    assert_eq!(
        ended.stderr,
        "configuration is invalid: 1 problem\n  \
         DISK_DEGRADED_PERCENT: must be at most the percentage of unhealthy\n"
    );
}

#[tokio::test]
async fn production_names_everything_that_is_missing() {
    let ended = refused(&[("NODE_ENV", "production")]).await;

    for name in [
        "APP_URL",
        "AUTH_SECRET",
        "CORS_ORIGINS",
        "DATABASE_URL",
        "REDIS_URL",
    ] {
        assert!(ended.stderr.contains(name), "{name} is not in:\n{}", ended.stderr);
    }
    assert!(
        ended.stderr.starts_with("configuration is invalid: 5 problems\n"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_wrong_secret_is_named_but_not_shown() {
    let ended = refused(&[("AUTH_SECRET", "too-short-hunter2")]).await;

    assert!(ended.stderr.contains("AUTH_SECRET"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let listener = TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let port = listener.local_addr().unwrap().port().to_string();

    let ended = refused(&[("PORT", &port), ("HEALTH_ADDR", "127.0.0.1:0")]).await;

    assert!(
        ended.stderr.contains(&address) && ended.stderr.contains("in use"),
        "{}",
        ended.stderr
    );
}
