//! What the listener of the probes says from the start of a service to its end.

use groundcrew_testkit::eventually;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::*;

#[test]
fn probes_are_answered_while_the_parts_are_being_made() {
    let ended = alone(
        "probes::probes_are_answered_while_the_parts_are_being_made",
        || async {
            let service = start(config()).unwrap();
            let (lifecycle, probes) = (service.lifecycle().clone(), service.probe_address());
            let expected = [
                ("/livez", 200),
                ("/livez?verbose", 200),
                ("/livez/runtime", 200),
                ("/metrics", 200),
                ("/metrics?module=all", 200),
                ("/livez?exclude=gate", 200),
                ("/readyz", 503),
                ("/readyz?verbose", 503),
                ("/readyz?exclude=gate", 503),
                ("/readyz?verbose=1&exclude=gate", 503),
                ("/readyz?tag=storage", 503),
                ("/startupz", 503),
                ("/startupz?exclude=gate", 503),
                // Nobody knows yet what they will say.
                ("/healthz", 503),
                ("/healthz/ledger", 503),
                ("/readyz/ledger", 503),
                ("/api/health", 503),
                ("/api/performance", 503),
            ];
            for (path, code) in expected {
                assert_eq!(status(probes, path).await, Some(code), "{path}");
            }

            let bound = service.bind(Router::new()).await.unwrap();
            assert_eq!(bound.probe_address(), probes);
            let mut running = JoinSet::from_iter([bound.run()]);
            for path in [
                "/readyz",
                "/startupz",
                "/healthz",
                "/api/health",
                "/api/performance",
            ] {
                let answers = async || (status(probes, path).await == Some(200)).then_some(());
                eventually(SOON, path, answers).await;
            }
            assert_eq!(status(probes, "/healthz/ledger").await, Some(404));
            lifecycle.stop("the test is over");
            running.join_next().await.unwrap().unwrap()
        },
    );

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn a_service_whose_parts_are_not_made_is_not_ready_whoever_says_so() {
    let name = "probes::a_service_whose_parts_are_not_made_is_not_ready_whoever_says_so";
    let ended = alone(name, || async {
        let service = start(config()).unwrap();
        let (lifecycle, probes) = (service.lifecycle().clone(), service.probe_address());

        lifecycle.ready().await.unwrap();

        for path in ["/readyz", "/startupz"] {
            assert_eq!(status(probes, path).await, Some(503), "{path}");
        }
        lifecycle.stop("the test is over");
        let exit = lifecycle.run().await;
        drop(service);
        exit
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn a_service_that_is_stopped_before_its_parts_are_made_closes_its_probes() {
    let name = "probes::a_service_that_is_stopped_before_its_parts_are_made_closes_its_probes";
    let ended = alone(name, || async {
        let service = start(config()).unwrap();
        let (lifecycle, probes) = (service.lifecycle().clone(), service.probe_address());
        assert_eq!(status(probes, "/livez").await, Some(200));

        lifecycle.stop("the test is over");
        let made = lifecycle.until_draining(std::future::pending::<()>()).await;
        assert_eq!(made, None);
        let exit = lifecycle.run().await;

        assert_eq!(status(probes, "/livez").await, None);
        drop(service);
        exit
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn the_listener_of_the_probes_speaks_the_health_protocol_of_grpc() {
    let ended = alone(
        "probes::the_listener_of_the_probes_speaks_the_health_protocol_of_grpc",
        || async {
            let mut service = start(config()).unwrap();
            let lifecycle = service.lifecycle().clone();
            service.check(Registration::new("ledger", || async { Verdict::unhealthy("burnt") }).optional());
            let bound = service.bind(Router::new()).await.unwrap();
            let url = format!("http://{}", bound.probe_address());
            let mut running = JoinSet::from_iter([bound.run()]);
            let channel = Endpoint::try_from(url).unwrap().connect().await.unwrap();
            let client = HealthClient::new(channel);
            let serves = async |service: &str| {
                let service = service.to_owned();
                let answer = client
                    .clone()
                    .check(HealthCheckRequest { service })
                    .await
                    .unwrap();
                answer.get_ref().status()
            };

            let ready = async || (serves("").await == ServingStatus::Serving).then_some(());
            eventually(SOON, "serving", ready).await;
            let refuses = async || (serves("ledger").await == ServingStatus::NotServing).then_some(());
            eventually(SOON, "the ledger is burnt", refuses).await;
            assert_eq!(serves("liveness").await, ServingStatus::Serving);
            lifecycle.stop("the test is over");
            running.join_next().await.unwrap().unwrap()
        },
    );

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn a_port_of_the_probes_that_is_taken_is_named() {
    let ended = alone("probes::a_port_of_the_probes_that_is_taken_is_named", || async {
        let (_held, address) = taken();
        let mut config = config();
        config.health_addr = address;

        let refused = start(config).unwrap_err();

        assert_eq!(refused.to_string(), "starting the health checks");
        let ServiceError::Health(health::Error::Bind {
            address: named,
            source,
        }) = &refused
        else {
            unreachable!("{refused:?}")
        };
        assert_eq!((*named, is_in_use(source)), (address, true));
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}
