//! A service from start to stop: Ctrl-C drains it, a second Ctrl-C forces it.
//!
//! `cargo run --example lifecycle [seconds]`; with a number it stops by itself after that time.

use std::time::Duration;

use axum::{Router, routing::get};
use groundcrew::base::{ShutdownReport, Verdict};
use groundcrew::lifecycle::{Exit, Lifecycle, LifecycleConfig};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Exit {
    let mut config = LifecycleConfig::default();
    config.drain_delay = Some(Duration::from_secs(1));
    let lifecycle = match Lifecycle::builder().config(config).start() {
        Ok(lifecycle) => lifecycle,
        Err(error) => return error.exit(),
    };

    lifecycle.require("database", || async { Verdict::healthy() });
    lifecycle.on_stop("pool", async |deadline| {
        println!("closing the pool within {deadline:?}");
        ShutdownReport::clean(Duration::ZERO)
    });
    let ticking = lifecycle.clone();
    lifecycle.spawn("ticker", async move {
        ticking.stopping().await;
        println!("the ticker has seen the stop");
    });
    if let Some(seconds) = std::env::args().nth(1).and_then(|text| text.parse().ok()) {
        let timed = lifecycle.clone();
        lifecycle.spawn("timer", async move {
            let time = tokio::time::sleep(Duration::from_secs(seconds));
            if timed.until_stopping(time).await.is_some() {
                timed.stop("the time is over");
            }
        });
    }

    let served = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.ok()?;
        lifecycle
            .serve(listener, Router::new().route("/", get(async || "hello\n")))
            .ok()
    };
    match served.await {
        Some(address) => println!("curl http://{address}/"),
        None => lifecycle.fail("no address to listen on", Exit::Error),
    }
    drop(lifecycle.ready().await);
    let exit = lifecycle.run().await;
    println!("{exit:?}: exit code {}", exit.code());
    exit
}
