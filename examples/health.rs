//! Health checks and probes: PostgreSQL dies and comes back, and the probes tell.
//!
//! `cargo run --example health [postgres://...]`; without a URL it starts a server of its own.

use std::{error::Error, time::Duration};

use groundcrew::connect::postgres::PostgresUrl;
use groundcrew::health::{
    Health, ProbeListener, Registration,
    checks::{DiskCheck, MemoryCheck, PostgresCheck, Saturation},
    probe,
};
use groundcrew_testkit::Postgres;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let own = match std::env::args().nth(1) {
        Some(_) => None,
        None => Some(Postgres::start().await?),
    };
    let url = match &own {
        Some(server) => server.url(),
        None => std::env::args().nth(1).unwrap_or_default(),
    };

    let health = Health::builder(env!("CARGO_PKG_VERSION"))
        .check("database", PostgresCheck::new(PostgresUrl::parse(&url)?))
        .register(Registration::new("disk_space", DiskCheck::paths(["/"])).optional())
        .register(Registration::new("memory", MemoryCheck::new()).optional())
        .register(Registration::new("websocket", Saturation::new(|| (12, 1000))).optional())
        .start()?;
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router())?;
    println!("curl http://{}/api/health", probes.address());

    wait(&health, true).await;
    show(&probes)?;
    if let Some(server) = &own {
        server.kill().await?;
        wait(&health, false).await;
        show(&probes)?;
        server.start_again().await?;
        wait(&health, true).await;
        show(&probes)?;
    }
    println!("{}", serde_json::to_string_pretty(&*health.report())?);

    println!("probes: {}", probes.shutdown(Duration::from_secs(2)).await);
    println!("health: {}", health.shutdown(Duration::from_secs(2)).await);
    Ok(())
}

async fn wait(health: &Health, ready: bool) {
    while health.readiness().is_ok() != ready {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What an orchestrator would see.
fn show(probes: &ProbeListener) -> Result<(), Box<dyn Error>> {
    for path in ["/livez", "/readyz"] {
        let url = format!("http://{}{path}", probes.address());
        match probe::probe(&url, Duration::from_secs(1)) {
            Ok(status) | Err(probe::ProbeError::Status { status }) => println!("{path}: {status}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
