//! The health service of gRPC, asked by tonic's client over a real connection.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use groundcrew_health::{Health, HealthConfig, ProbeListener, Registration, Verdict, probe::probe};
use groundcrew_testkit::{Events, eventually};
use tokio::time::timeout;
use tonic::{
    Code, Streaming,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus::{self, NotServing, ServiceUnknown, Serving, Unknown},
    health_client::HealthClient,
};
use tonic_prost::ProstCodec;

const LIMIT: Duration = Duration::from_secs(5);

/// A service with a critical and an optional check, a gate, and a listener.
struct Service {
    health: Health,
    probes: ProbeListener,
    database: Arc<AtomicBool>,
    open: Arc<AtomicBool>,
    channel: Channel,
}

async fn service() -> Service {
    let [database, open] = [Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true))];
    let (up, gate) = (Arc::clone(&database), Arc::clone(&open));
    let check = move || {
        std::future::ready(if up.load(Ordering::SeqCst) {
            Verdict::healthy()
        } else {
            Verdict::unhealthy("connection refused")
        })
    };
    let mut config = HealthConfig::default();
    config.interval = Duration::from_millis(20);
    let health = Health::builder("1.4.0")
        .config(config)
        .register(Registration::new("database", check).tag("storage"))
        .register(Registration::new("mail", || async { Verdict::unhealthy("no route") }).optional())
        .register(Registration::new("slow", std::future::pending).informational())
        .gate(move || {
            if gate.load(Ordering::SeqCst) {
                Ok(())
            } else {
                Err("draining")
            }
        })
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    let router = health.router().merge(health.grpc_router_for(["shop.v1.Orders"]));
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), router).unwrap();
    let endpoint = Endpoint::try_from(format!("http://{}", probes.address())).unwrap();
    let channel = endpoint.timeout(LIMIT).connect().await.unwrap();
    Service {
        health,
        probes,
        database,
        open,
        channel,
    }
}

impl Service {
    async fn check(&self, service: &str) -> Result<ServingStatus, Code> {
        let asked = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = HealthClient::new(self.channel.clone()).check(asked).await;
        answer
            .map(|answer| answer.get_ref().status())
            .map_err(|status| status.code())
    }

    async fn watch(&self, service: &str) -> Streaming<HealthCheckResponse> {
        let asked = HealthCheckRequest {
            service: service.to_owned(),
        };
        let watch = HealthClient::new(self.channel.clone()).watch(asked).await;
        watch.unwrap().into_inner()
    }
}

async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    let message = timeout(LIMIT, watch.message()).await.unwrap().unwrap();
    message.map(|answer| answer.status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_says_whether_it_serves() {
    let service = service().await;

    for (name, expected) in [
        ("", Ok(Serving)),
        ("readiness", Ok(Serving)),
        ("liveness", Ok(Serving)),
        ("startup", Ok(Serving)),
        ("shop.v1.Orders", Ok(Serving)),
        ("database", Ok(Serving)),
        ("storage", Ok(Serving)),
        ("mail", Ok(NotServing)),
        ("slow", Ok(Unknown)),
        ("nothing", Err(Code::NotFound)),
    ] {
        assert_eq!(service.check(name).await, expected, "{name:?}");
    }

    service.database.store(false, Ordering::SeqCst);
    eventually(LIMIT, "not ready", async || service.health.readiness().err()).await;
    for (name, expected) in [
        ("", NotServing),
        ("shop.v1.Orders", NotServing),
        ("database", NotServing),
        ("storage", NotServing),
        ("liveness", Serving),
        ("startup", Serving),
    ] {
        assert_eq!(service.check(name).await, Ok(expected), "{name:?}");
    }
}

/// `HealthListRequest` and `HealthListResponse`, which tonic's own client does not know yet.
#[derive(Clone, PartialEq, prost::Message)]
struct ListRequest {}

#[derive(Clone, PartialEq, prost::Message)]
struct ListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    statuses: BTreeMap<String, HealthCheckResponse>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_services_are_listed() {
    let service = service().await;
    let mut client = Grpc::new(service.channel.clone());
    client.ready().await.unwrap();

    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let codec = ProstCodec::<ListRequest, ListResponse>::default();
    let answer = client
        .unary(tonic::Request::new(ListRequest {}), path, codec)
        .await;

    let listed: Vec<_> = answer
        .unwrap()
        .into_inner()
        .statuses
        .into_iter()
        .map(|(name, answer)| (name, answer.status()))
        .collect();
    let expected = [
        ("", Serving),
        ("database", Serving),
        ("liveness", Serving),
        ("mail", NotServing),
        ("readiness", Serving),
        ("shop.v1.Orders", Serving),
        ("slow", Unknown),
        ("startup", Serving),
        ("storage", Serving),
    ];
    assert_eq!(listed, expected.map(|(name, status)| (name.to_owned(), status)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_tells_each_change_and_ends_with_the_drain() {
    let service = service().await;
    let mut whole = service.watch("").await;
    let mut database = service.watch("database").await;
    let mut nothing = service.watch("nothing").await;
    assert_eq!(next(&mut whole).await, Some(Serving));
    assert_eq!(next(&mut database).await, Some(Serving));
    assert_eq!(next(&mut nothing).await, Some(ServiceUnknown));

    service.database.store(false, Ordering::SeqCst);
    assert_eq!(next(&mut whole).await, Some(NotServing));
    assert_eq!(next(&mut database).await, Some(NotServing));
    service.database.store(true, Ordering::SeqCst);
    assert_eq!(next(&mut whole).await, Some(Serving));
    assert_eq!(next(&mut database).await, Some(Serving));

    // The drain begins: who asks for the whole goes elsewhere, and keeps nobody.
    service.open.store(false, Ordering::SeqCst);
    assert_eq!(next(&mut whole).await, Some(NotServing));
    assert_eq!(next(&mut whole).await, None);
    assert_eq!(service.check("").await, Ok(NotServing));
    assert_eq!(service.check("database").await, Ok(Serving));

    assert!(service.health.shutdown(LIMIT).await.is_clean());
    assert_eq!(next(&mut database).await, None);
    assert_eq!(next(&mut nothing).await, None);
    assert!(service.probes.shutdown(LIMIT).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_still_speaks_http_1() {
    let service = service().await;
    let readyz = format!("http://{}/readyz", service.probes.address());

    let code = tokio::task::spawn_blocking(move || probe(&readyz, LIMIT))
        .await
        .unwrap();

    assert_eq!(code.unwrap(), 200);
}

#[tokio::test]
async fn who_cannot_be_asked_for_is_told_to_the_log_once() {
    let (events, _guard) = Events::of("groundcrew::health");
    let up = || async { Verdict::healthy() };
    let health = Health::builder("1.4.0")
        .register(Registration::new("liveness", up).tag("readiness"))
        .register(
            Registration::new("database", up)
                .tag("readiness")
                .tag("storage")
                .tag("mail"),
        )
        .register(Registration::new("mail", up).tag("orders"))
        .register(Registration::new("redis", up).tag("redis"))
        .start()
        .unwrap();

    drop(health.grpc_router());
    let told = |events: &Events| -> Vec<_> {
        let told = events.take().into_iter().filter(|event| event["level"] == "WARN");
        told.map(|event| format!("{} {}", event["kind"], event["name"]))
            .collect()
    };
    assert_eq!(told(&events), ["check liveness", "tag mail", "tag readiness"]);

    drop(health.grpc_router_for(["orders", "shop.v1.Orders"]));
    assert_eq!(
        told(&events),
        ["check liveness", "tag mail", "tag orders", "tag readiness"]
    );
}
