//! SIGTERM under load.

use std::time::Duration;

use groundcrew_testkit::eventually;
use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::{
    balancer::Balancer, books::play, client::Client, harness::Service, scrape::Scrape, servers::Shared,
};

/// Waits until so many requests have been answered in all.
async fn answered(client: &Client, requests: f64) {
    eventually(
        Duration::from_secs(20),
        &format!("{requests} requests"),
        async || (Scrape::of(client).await.sum("http_requests_total") >= requests).then_some(()),
    )
    .await;
}

#[tokio::test]
async fn no_request_fails_when_the_service_is_told_to_stop_under_load() {
    let servers = Shared::start().await;
    let mut variables = servers.variables();
    variables.insert("DRAIN_DELAY", "3".to_owned());
    let service = Service::start(variables).await;
    let (address, probes) = (service.address(), service.probe_address());
    let played = play(&service.client(), 40).await;

    let balancer = Balancer::start(&service, &played, 8);
    answered(&service.probes(), 200.0).await;
    service.signal(Signal::TERM);
    let (tally, ended) = tokio::join!(balancer.tally(), service.end());

    assert_eq!(tally.failed, Vec::<String>::new());
    assert!(tally.succeeded >= 200, "{tally:?}");
    assert!(tally.asked_to_leave >= 1, "{tally:?}");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for address in [address, probes] {
        assert!(
            TcpStream::connect(address).await.is_err(),
            "something still listens on {address}"
        );
    }
}
