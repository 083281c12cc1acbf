//! A card room over HTTP that uses every groundcrew crate the way a service would.
//!
//! `cargo run --example service` needs nothing: where no servers are named it starts private ones, or does
//! without. `--healthcheck` asks a running one, for containers; `--probes kubernetes` (or `compose`, or `dockerfile`) prints how these are
//! to ask; `--monitoring DIRECTORY` writes its rules, dashboards and documents.

mod api;
mod checks;
mod hands;
mod layers;
mod ledger;
mod limiter;
mod monitoring;
mod room;
mod settings;
mod stubs;
mod surroundings;
mod token;

use std::{
    error::Error as StdError,
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use groundcrew::{
    Bound, Service, ServiceConfig,
    envcfg::{Config, Report},
    health::probe::probe,
    lifecycle::{Exit, Lifecycle},
};

use crate::{room::Opened, settings::Settings, surroundings::Surroundings};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--healthcheck") {
        return healthcheck();
    }
    if let Some(orchestrator) = argument_of("--probes") {
        return print_probes(&orchestrator);
    }
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(report) => return misconfigured(&report),
    };
    let directory = argument_of("--monitoring").map(PathBuf::from);
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => match directory {
            Some(directory) => runtime.block_on(monitor(settings, &directory)),
            None => runtime.block_on(run(settings)),
        },
        Err(error) => failed("starting the runtime", &error),
    }
}

/// What comes after `option`; nothing is less than one that is not there.
fn argument_of(option: &str) -> Option<OsString> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != option);
    arguments.next().map(|_| arguments.next().unwrap_or_default())
}

/// Writes rules, dashboards and documents instead of serving.
async fn monitor(settings: Settings, directory: &Path) -> ExitCode {
    match monitoring::write(settings, directory).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed("writing the monitoring", error.as_ref()),
    }
}

/// From the first line of the log to the exit code.
async fn run(settings: Settings) -> ExitCode {
    let service = Service::builder("card-room", env!("CARGO_PKG_VERSION"))
        .config(settings.service.clone())
        .start();
    let mut service = match service {
        Ok(service) => service,
        Err(error) => {
            tell("starting", &error);
            return error.exit().into();
        }
    };
    let lifecycle = service.lifecycle().clone();
    // Whoever stops it now does not want to wait for a server that says nothing.
    let finding = Box::pin(Surroundings::find(&settings));
    let surroundings = match lifecycle.until_draining(finding).await {
        Some(Ok(surroundings)) => surroundings,
        Some(Err(error)) => return failed("finding the servers", error.as_ref()),
        None => return lifecycle.run().await.into(),
    };
    let opening = Box::pin(room::open(&mut service, &settings, &surroundings));
    let opened = match lifecycle.until_draining(opening).await {
        Some(Ok(opened)) => opened,
        Some(Err(error)) => return failed("opening the card room", error.as_ref()),
        None => return lifecycle.run().await.into(),
    };
    let bound = match service.bind(opened.router.clone()).await {
        Ok(bound) => bound,
        Err(error) => {
            tell("listening", &error);
            return error.exit().into();
        }
    };
    introduce(&bound, &surroundings);
    prepare(&lifecycle, &opened).await;
    bound.run().await.into()
}

/// The tables are made once the database answers; ready comes after.
async fn prepare(lifecycle: &Lifecycle, opened: &Opened) {
    if lifecycle.dependencies().await.is_ok()
        && let Some(Err(error)) = lifecycle.until_draining(migrate(opened)).await
    {
        tracing::error!(error = error.as_ref(), "the tables cannot be made");
        lifecycle.fail("the tables cannot be made", Exit::Error);
    }
}

async fn migrate(opened: &Opened) -> Result<(), Box<dyn StdError + Send + Sync>> {
    if let Some(ledger) = &opened.ledger {
        ledger.migrate().await?;
    }
    Ok(())
}

/// Says in one block what runs and where to look.
fn introduce(bound: &Bound, surroundings: &Surroundings) {
    let address = reachable(bound.address());
    let mut block = String::from("\n  card room\n");
    for line in &surroundings.lines {
        block.push_str(&format!("    {line}\n"));
    }
    block.push_str("\n  open\n");
    for path in ["/", "/api/health", "/api/performance", "/metrics"] {
        block.push_str(&format!("    http://{address}{path}\n"));
    }
    block.push_str(&format!(
        "  probes on http://{}/livez, Ctrl-C ends it\n",
        bound.probe_address()
    ));
    println!("{block}");
}

/// An address to type: nobody can connect to 0.0.0.0.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}

/// Asks the probes of a running service: exit code 0 when it is ready.
fn healthcheck() -> ExitCode {
    let config = match ServiceConfig::from_env() {
        Ok(config) => config,
        Err(report) => return misconfigured(&report),
    };
    let address = reachable(config.health_addr);
    match probe(&format!("http://{address}/readyz"), config.health_check.timeout) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => failed("asking the probes", &error),
    }
}

/// Prints what lets an orchestrator ask as `HEALTH_CHECK_*` say.
fn print_probes(orchestrator: &OsStr) -> ExitCode {
    const COMMAND: [&str; 2] = ["/usr/local/bin/service", "--healthcheck"];
    let schedule = match ServiceConfig::from_env() {
        Ok(config) => config.health_check,
        Err(report) => return misconfigured(&report),
    };
    match orchestrator.to_str() {
        Some("kubernetes") => print!("{}", schedule.kubernetes("probes")),
        Some("compose") => print!("{}", schedule.compose(&COMMAND)),
        Some("dockerfile") => print!("{}", schedule.dockerfile(&COMMAND)),
        _ => {
            eprintln!("--probes: expected kubernetes, compose or dockerfile");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn misconfigured(report: &Report) -> ExitCode {
    eprintln!("{report}");
    ExitCode::from(report.exit_code())
}

fn failed(doing: &str, error: &(dyn StdError + 'static)) -> ExitCode {
    tell(doing, error);
    ExitCode::FAILURE
}

/// Tells an error with its causes, in one line.
fn tell(doing: &str, error: &(dyn StdError + 'static)) {
    let mut line = format!("{doing}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    eprintln!("{}", groundcrew::base::redact(&line));
}
