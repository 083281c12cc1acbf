//! Metrics of a small HTTP service: `cargo run --example metrics`, then open the URL that it prints.
//!
//! Ctrl-C ends it.

use std::error::Error;

use axum::{Router, extract::Path, routing::get};
use groundcrew::metrics::{
    BuildInfo, Counter, Family, HttpMetrics, LabelValue, Labels, Metrics, ProcessCollector, Registry,
    metrics_router, performance,
};
use tokio::net::TcpListener;

#[derive(LabelValue)]
enum Outcome {
    Won,
    Folded,
}

#[derive(Labels)]
struct Hand<'a> {
    table: &'a str,
    outcome: Outcome,
}

#[derive(Metrics)]
struct TableMetrics {
    /// Hands that were played
    #[metric(max_series = 1000)]
    hands: Family<Hand<'static>, Counter>,
    /// Tables that were asked for
    requested: Counter,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::new();
    registry.collector(ProcessCollector::new())?;
    let app = registry.with_prefix("app");
    app.collector(BuildInfo::new(env!("CARGO_PKG_VERSION")))?;
    let http = HttpMetrics::register(&app)?;
    let tables = TableMetrics::register(&app)?;

    let figures = http.clone();
    let performance = performance().http(move || figures.figures());
    let play = async move |Path(table): Path<String>| {
        let outcome = if table.len() % 2 == 0 {
            Outcome::Won
        } else {
            Outcome::Folded
        };
        tables.requested.inc();
        tables.hands.inc(&Hand {
            table: &table,
            outcome,
        });
        "played\n"
    };
    let router: Router = Router::new()
        .route("/tables/{table}/play", get(play))
        .merge(metrics_router(&registry))
        .merge(performance.router())
        .layer(http.layer());

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("http://{address}/tables/t1/play\nhttp://{address}/metrics\nhttp://{address}/api/performance");
    let stop = async {
        // Without signals there is nothing to wait for.
        let _stopped = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}
