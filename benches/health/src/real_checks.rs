//! Six checks that ask something, of which one is a real PostgreSQL, once in the background and once on each request.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, HttpBody as _},
    http::Request,
    routing::get,
};
use axum_health::prelude::{Health as AxumHealth, HealthDetail, HealthIndicator, health_check};
use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_health::{
    Check, DetailsPolicy, Health, HealthConfig, Registration, Status,
    checks::{DescriptorCheck, DiskCheck, MemoryCheck, PostgresCheck, Saturation, TcpCheck},
};
use groundcrew_testkit::Postgres;
use serde_json::Value;
use tower::Service as _;

use crate::answers::runtime;

pub(crate) fn cached() -> impl FnMut(u64) {
    asked(async |server| {
        let mut config = HealthConfig::default();
        (config.interval, config.details) = (Duration::from_hours(1), DetailsPolicy::Always);
        let builder = Health::builder("1.4.0").config(config);
        let health = checks(server)
            .into_iter()
            .fold(builder, |builder, (name, check)| {
                let check = move || {
                    let check = Arc::clone(&check);
                    async move { check.run().await }
                };
                builder.register(Registration::new(name, check))
            })
            .start()
            .expect("the names are right");
        while health
            .report()
            .checks
            .iter()
            .any(|check| check.status() == Status::Unknown)
        {
            // Asking all the time would count for more than the requests.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        health.router()
    })
}

/// The crate axum-health, which runs them one after the other.
pub(crate) fn on_each_request() -> impl FnMut(u64) {
    asked(async |server| {
        let health = checks(server)
            .into_iter()
            .fold(AxumHealth::builder(), |builder, (name, check)| {
                builder.with_indicator(Asked { name, check })
            });
        Router::new()
            .route(PATH, get(health_check))
            .layer(Extension(health.build()))
    })
}

fn checks(server: &Postgres) -> [(&'static str, Arc<dyn Check>); 6] {
    let url = PostgresUrl::parse(&server.url()).expect("a URL");
    let address = server.addr();
    let tcp = TcpCheck::new(format!("{}:{}", address.ip(), address.port()));
    [
        ("database", Arc::new(PostgresCheck::new(url))),
        ("gateway", Arc::new(tcp)),
        ("websocket", Arc::new(Saturation::new(|| (12, 1000)))),
        ("descriptors", Arc::new(DescriptorCheck::new())),
        ("disk_space", Arc::new(DiskCheck::paths(["/"]))),
        ("memory", Arc::new(MemoryCheck::new())),
    ]
}

struct Asked {
    name: &'static str,
    check: Arc<dyn Check>,
}

#[async_trait]
impl HealthIndicator for Asked {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn details(&self) -> HealthDetail {
        let verdict = self.check.run().await;
        let mut health = if verdict.status() == Status::Unhealthy {
            HealthDetail::down()
        } else {
            HealthDetail::up()
        };
        for (name, value) in verdict.details().iter() {
            let value = serde_json::to_value(value).unwrap_or(Value::Null);
            health = health.with_detail(name, value);
        }
        health
    }
}

/// Asks the router that `make` makes beside a server.
fn asked(make: impl AsyncFnOnce(&Postgres) -> Router) -> impl FnMut(u64) {
    let runtime = runtime();
    let (server, mut service) = runtime.block_on(async {
        let server = Postgres::start().await.expect("PostgreSQL is installed");
        let router = make(&server).await;
        (server, router.with_state(()))
    });
    move |count| {
        let _alive = &server;
        for _ in 0..count {
            let length = runtime.block_on(async {
                let request = Request::get(PATH).body(Body::empty()).expect("the path is right");
                let response = service.call(request).await.expect("a router always answers");
                response.into_body().size_hint().lower()
            });
            assert!(length > 0, "{PATH}");
        }
    }
}

const PATH: &str = "/api/health";
