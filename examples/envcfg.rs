//! Loads a configuration from the environment; with `--broken` from a map with four mistakes, to show the report.
//!
//! `cargo run --example envcfg`, `PORT=80 cargo run --example envcfg`, `cargo run --example envcfg -- --broken`

use std::{process::ExitCode, time::Duration};

use groundcrew::envcfg::{ByteSize, Config, Layers, Loaded, ProcessEnv, Report, Secret, Vars, env_example};
use serde::Deserialize;
use url::Url;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Debug, Config)]
struct Settings {
    /// The port to listen on
    #[config(default = 3000)]
    #[validate(range(min = 1000))]
    port: u16,
    /// How much is logged
    #[config(default = "info")]
    log_level: LogLevel,
    /// Signs the session cookies
    #[validate(length(min = 32))]
    auth_secret: Secret,
    /// Who may call from a browser
    #[config(default = "http://localhost:3000", each(scheme("http", "https")))]
    cors_origins: Vec<Url>,
    /// The largest request body
    #[config(default = "1MiB", range(min = "1KiB", max = "10MiB"))]
    max_payload_size: ByteSize,
    #[config(nested, prefix = "REDIS_")]
    redis: Option<Redis>,
}

#[derive(Debug, Config)]
struct Redis {
    /// Where Redis is
    #[config(secret, scheme("redis", "rediss"))]
    url: Url,
    /// How long a connection may take
    #[config(default = "5s", unit = "ms", alias = "CONN_TIMEOUT")]
    connect_timeout: Duration,
}

fn main() -> ExitCode {
    println!("{}", env_example::<Settings>());
    match load() {
        Ok(loaded) => {
            for warning in loaded.warnings() {
                println!("warning: {warning}");
            }
            println!("{:#?}", loaded.config());
            ExitCode::SUCCESS
        }
        Err(report) => report.exit(),
    }
}

fn load() -> Result<Loaded<Settings>, Report> {
    if std::env::args().any(|argument| argument == "--broken") {
        return Settings::load(&Vars::from([
            ("PORT", "80"),
            ("LOG_LEVEL", "verbose"),
            ("AUTH_SECRET", "hunter2"),
            ("REDIS_CONN_TIMEOUT", "250"),
        ]));
    }
    let for_this_example = Vars::from([("AUTH_SECRET", "only-for-the-example-0123456789abcdef")]);
    Settings::load(&Layers::new().then(ProcessEnv).then(for_this_example))
}
