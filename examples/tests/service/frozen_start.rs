//! A start beside servers that say nothing.

use groundcrew_testkit::eventually;
use rustix::process::Signal;

use crate::{
    client::Client,
    harness::{START, Service},
    servers::{Private, Variables},
};

/// Starts the service, and gives its probes as soon as they are answered.
async fn probes_of(variables: Variables) -> (Service, Client) {
    let service = Service::launch(variables);
    let address = eventually(START, "the listener of the probes", async || {
        let output = service.output();
        let (_, rest) = output.split_once("listening for probes address=")?;
        rest.split(char::is_whitespace).next()?.parse().ok()
    })
    .await;
    let probes = Client::of(address);
    assert_eq!(probes.get("/livez").await.status, 200);
    (service, probes)
}

/// SIGTERM ends it in order.
async fn stops(service: Service) -> String {
    service.signal(Signal::TERM);
    let ended = service.end().await;

    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("the service has stopped"),
        "{}",
        ended.stdout
    );
    ended.stdout
}

/// As long as it may be for Redis.
const LONG: &str = "10s";

#[tokio::test]
async fn a_frozen_redis_hides_no_sign_of_life_and_keeps_nobody_from_stopping() {
    let servers = Private::start().await;
    servers.redis.pause().unwrap();
    let mut variables = servers.variables();
    variables.insert("REDIS_CONNECT_TIMEOUT", LONG.to_owned());

    let (service, probes) = probes_of(variables).await;

    for path in ["/readyz", "/startupz", "/api/health"] {
        assert_eq!(probes.get(path).await.status, 503, "{path}");
    }
    assert!(!service.output().contains("Ctrl-C ends it"), "it waits for Redis");
    let output = stops(service).await;
    assert!(!output.contains("starting without redis"), "{output}");
}

#[tokio::test]
async fn a_frozen_redis_does_not_keep_the_service_from_being_ready() {
    let servers = Private::start().await;
    servers.redis.pause().unwrap();
    let mut variables = servers.variables();
    variables.insert("REDIS_CONNECT_TIMEOUT", "1s".to_owned());

    let (mut service, probes) = probes_of(variables).await;
    service.ready().await;

    assert_eq!(probes.get("/startupz").await.status, 200);
    stops(service).await;
}

#[tokio::test]
async fn a_frozen_postgres_is_waited_for_until_sigterm() {
    let servers = Private::start().await;
    servers.postgres.pause().unwrap();
    let mut variables = servers.variables();
    variables.insert("STARTUP_CHECK_TIMEOUT", LONG.to_owned());

    let (mut service, probes) = probes_of(variables).await;
    service.bound().await;

    assert_eq!(probes.get("/livez").await.status, 200);
    for path in ["/readyz", "/startupz"] {
        assert_eq!(probes.get(path).await.status, 503, "{path}");
    }
    stops(service).await;
}
