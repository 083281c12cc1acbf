//! Engines that ask on each request.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use axum::{Extension, Json, Router, routing::get};
use axum_health::prelude::{Health, HealthDetail, HealthIndicator, health_check};
use futures_util::{FutureExt as _, future::join_all};
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::answers::CHECKS;

/// What the engines of service frameworks do, written down faithfully: all checks at once, each timed, with a deadline and kept
/// from bringing the others down, and the answers in the same JSON as ours.
pub(crate) fn concurrent() -> Router {
    let checks: Arc<[Box<dyn Indicator>]> = CHECKS
        .map(|name| Box::new(Fine(name)) as Box<dyn Indicator>)
        .into();
    let started = Instant::now();
    Router::new().route(
        "/api/health",
        get(async move || {
            let asked = checks.iter().map(|check| ask(check.as_ref()));
            let checks: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
            let healthy = checks.values().all(|check| check.status == HEALTHY);
            Json(Answer {
                status: if healthy { HEALTHY } else { UNHEALTHY },
                timestamp: now(),
                version: "1.4.0".to_owned(),
                uptime: started.elapsed().as_secs_f64(),
                checks,
            })
        }),
    )
}

async fn ask(check: &dyn Indicator) -> (String, Checked) {
    let began = Instant::now();
    let run = AssertUnwindSafe(check.details()).catch_unwind();
    let answer = timeout(Duration::from_secs(10), run).await;
    let details = answer.ok().and_then(Result::ok);
    let checked = Checked {
        status: if details.is_some() { HEALTHY } else { UNHEALTHY },
        timestamp: now(),
        duration: began.elapsed().as_secs_f64() * 1e3,
        details: details.map(|answer| answer.details).unwrap_or_default(),
    };
    (check.name(), checked)
}

fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// The crate axum-health.
pub(crate) fn axum_health() -> Router {
    let health = CHECKS.into_iter().fold(Health::builder(), |builder, name| {
        builder.with_indicator(Fine(name))
    });
    Router::new()
        .route("/api/health", get(health_check))
        .layer(Extension(health.build()))
}

#[derive(Serialize)]
struct Answer {
    status: &'static str,
    timestamp: String,
    version: String,
    uptime: f64,
    checks: BTreeMap<String, Checked>,
}

#[derive(Serialize)]
struct Checked {
    status: &'static str,
    timestamp: String,
    duration: f64,
    details: BTreeMap<String, Value>,
}

/// Of axum-health, which is as others have it.
trait Indicator: HealthIndicator + Send + Sync {}

impl<T: HealthIndicator + Send + Sync> Indicator for T {}

struct Fine(&'static str);

#[async_trait]
impl HealthIndicator for Fine {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    async fn details(&self) -> HealthDetail {
        HealthDetail::up()
            .with_detail("connection", "ok")
            .with_detail("verdict", "up")
            .with_detail("usagePercent", Value::from(42.5))
            .with_detail("total", 1_000_000_u64)
    }
}

const HEALTHY: &str = "healthy";
const UNHEALTHY: &str = "unhealthy";
