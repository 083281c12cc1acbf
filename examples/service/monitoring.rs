//! What the card room promises, and the rules, dashboards and documents that are made from it.

use std::{error::Error as StdError, path::Path, time::Duration};

use groundcrew::{
    Service,
    metrics::{
        Registry,
        rules::{Monitoring, Objective},
    },
};

use crate::{room, settings::Settings, surroundings::Surroundings};

/// Opens the card room on ports that nobody knows, and writes the files below `directory`.
pub(crate) async fn write(mut settings: Settings, directory: &Path) -> Result<(), Box<dyn StdError>> {
    settings.service.port = 0;
    settings.service.health_addr.set_port(0);
    let mut service = Service::builder("card-room", env!("CARGO_PKG_VERSION"))
        .config(settings.service.clone())
        .start()?;
    let surroundings = Surroundings::find(&settings).await?;
    let opened = room::open(&mut service, &settings, &surroundings).await?;
    let registry = service.registry().clone();
    // The health checks are known once the service is bound.
    let _bound = service.bind(opened.router).await?;
    monitoring(&registry).write_to(directory)?;
    Ok(())
}

/// 99.9 % of the requests succeed, they take 100 ms in the mean and at p95, database work takes 50 ms at p95.
fn monitoring(registry: &Registry) -> Monitoring {
    let ms = Duration::from_millis;
    Monitoring::of(registry, "card-room")
        .objective(
            Objective::availability("http_requests_total", 99.9)
                .bad("status_code", "5..", "500")
                .named("api-availability"),
        )
        .objective(
            Objective::latency("http_request_duration_seconds", 95.0, ms(100))
                // It lasts as long as the client listens.
                .except("route", "/ws")
                .named("api-latency"),
        )
        .objective(
            Objective::mean("http_request_duration_seconds", ms(100))
                .except("route", "/ws")
                .named("api-mean"),
        )
        .objective(Objective::latency("db_query_duration_seconds", 95.0, ms(50)).named("query-latency"))
}
