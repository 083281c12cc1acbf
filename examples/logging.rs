//! Logs a few events to the standard output and to files, and shows what became of them.
//!
//! `cargo run --example logging -- /tmp/example-logs`

use std::{env, error::Error, time::Duration};

use groundcrew::logging::{Format, LogContext, Logging, LoggingConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = LoggingConfig::default();
    config.level = "info,logging=debug".parse()?;
    config.format = Format::Json;
    config.dir = env::args_os().nth(1).map(Into::into);
    let logging = Logging::builder()
        .config(config)
        .service("card-room")
        .version(env!("CARGO_PKG_VERSION"))
        .environment("production")
        .init()?;

    let request = LogContext::new().request_id("r-17").ip([192, 0, 2, 7]).span();
    request.in_scope(|| {
        request.record("userId", "u-9");
        tracing::info!(table = "t1", seat = 4, "seat taken");
        tracing::debug!(authorization = "Bearer abc", "masked by its name");
        let failure: Box<dyn Error> = "connection refused at redis://:hunter2@cache:6379".into();
        tracing::error!(error = &*failure, "the cache is away");
    });

    logging.set_filter(tracing::Level::WARN);
    tracing::info!("filtered out from now on");

    let report = logging.shutdown(Duration::from_secs(5));
    println!("{report}: {:?}", logging.stats().lines);
    Ok(())
}
