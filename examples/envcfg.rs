//! A configuration that documents itself, reports every mistake at once and asks its services before the start.
//!
//! `cargo run --example envcfg` shows all three with a broken environment of its own; `cargo run --example envcfg --
//! --from-env` loads from the real one, as a service does: it ends with 78 and a report if something is wrong.

use std::{env, process::ExitCode, time::Duration};

use groundcrew::envcfg::{
    ByteSize, Config, Dotenv, Loaded, Profile, Secret, Sources, Style,
    preflight::{PostgresPing, ServiceCheck, Startup, Verdict},
};
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
    /// Where the service runs
    #[config(profile, default = "development")]
    node_env: Profile,
    /// The port to listen on
    #[config(default = 3000)]
    #[validate(range(min = 1000))]
    port: u16,
    /// How much is logged
    #[config(default = "info", default(development = "debug"))]
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
    #[config(nested, prefix = "DATABASE_")]
    database: Database,
    #[config(nested, prefix = "MAIL_")]
    mail: Option<Mail>,
}

#[derive(Debug, Config)]
struct Database {
    /// Where PostgreSQL is
    #[config(secret, scheme("postgres", "postgresql"))]
    url: String,
    /// How long a connection may take
    #[config(
        default = "5s",
        unit = "ms",
        alias("CONN_TIMEOUT", since = "1.4", until = "2.0")
    )]
    connect_timeout: Duration,
}

#[derive(Debug, Config)]
struct Mail {
    /// Who sends the mail
    provider: String,
    /// The key that the provider gave out
    api_key: Secret,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--from-env") {
        return from_env().await;
    }
    println!(
        "The documentation that the struct writes:\n\n{}",
        Settings::docs().env_example()
    );
    println!("What an operator sees after six mistakes:\n");
    match startup().run(&broken()).await {
        Ok(loaded) => println!("{:#?}", loaded.config()),
        Err(report) => println!("{}", report.render(&Style::plain())),
    }
    ExitCode::SUCCESS
}

/// What a service does: load, ask the services, and leave if anything is wrong.
async fn from_env() -> ExitCode {
    let sources = Sources::new()
        .env()
        .dotenv(Dotenv::layered(".").profile_from("NODE_ENV", "development"))
        .secrets_dir("/run/secrets");
    match startup().run(&sources).await {
        Ok(loaded) => ready(&loaded),
        Err(report) => report.exit(),
    }
}

fn ready(loaded: &Loaded<Settings>) -> ExitCode {
    for warning in loaded.warnings() {
        println!("warning: {warning}");
    }
    println!("{:#?}", loaded.config());
    ExitCode::SUCCESS
}

/// The services that must answer before this one starts.
fn startup() -> Startup<Settings> {
    Startup::new()
        .service("database", |database: &Database| {
            let ping = PostgresPing::new(&database.url);
            ServiceCheck::new(ping).field("url").once()
        })
        .service("licence", |_: &Settings| {
            ServiceCheck::new(|| async { Verdict::unhealthy("it has expired") })
                .optional()
                .once()
        })
}

fn broken() -> Sources {
    let file = "PORT=80
LOG_LEVEL=verbose
AUTH_SECRET=hunter2
CORS_ORIGINS=https://a.example, b.example
DATABASE_URL=postgres://app:hunter2@127.0.0.1:1/app
DATABASE_CONN_TIMEOUT=250
MAIL_PROVIDER=ses
MAIL_API_KYE=AKIA0123456789
";
    Sources::new().dotenv(Dotenv::text(".env", file))
}
