//! Alerts and exports set by the environment.

use std::{fs, time::Duration};

use groundcrew_base::Secret;
use groundcrew_envcfg::{Config as _, Vars};
use groundcrew_logging::{AlertOn, AlertSeverity, Logging, LoggingConfig};
use tempfile::TempDir;
use tracing::{error, warn};

use crate::{
    capture::{DEADLINE, run},
    server::{Server, assert_refused},
};

fn config(vars: &[(&str, &str)]) -> LoggingConfig {
    let vars = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    LoggingConfig::from_source(
        &vars
            .chain([("LOG_FORMAT".to_owned(), "off".to_owned())])
            .collect::<Vars>(),
    )
    .unwrap()
}

#[test]
fn every_name_of_the_environment_is_read_and_no_secret_is_shown() {
    let config = config(&[
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/SECRET"),
        ("PAGERDUTY_ROUTING_KEY", "SECRETsecretSECRETsecretSECRETse"),
        ("ALERT_WEBHOOK_URL", "https://ops.example.com/SECRET"),
        ("ALERT_WEBHOOK_SECRET", "SECRET-4f9a1c77e2"),
        ("ALERT_SEVERITY", "error"),
        ("PAGERDUTY_SEVERITY", "critical"),
        ("ALERT_ON", "error"),
        ("ALERT_WINDOW", "90"),
        ("DATADOG_API_KEY", "SECRETsecretSECRETsecretSECRETse"),
        ("DD_SITE", "datadoghq.eu"),
        ("NEW_RELIC_LICENSE_KEY", "eu01SECRETsecretSECRETsecretSECRETse"),
        ("SENTRY_DSN", "https://SECRET@o1.ingest.sentry.io/1"),
        ("SENTRY_SAMPLE_RATE", "0.5"),
        ("SENTRY_TRACES_SAMPLE_RATE", "0.25"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer SECRET, x-tenant=7",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ]);

    let alerts = &config.alerts;
    assert_eq!(
        (alerts.severity, alerts.pagerduty_severity),
        (AlertSeverity::Error, AlertSeverity::Critical)
    );
    assert_eq!(
        (alerts.on, alerts.window),
        (AlertOn::Error, Duration::from_secs(90))
    );
    assert_eq!(config.exports.datadog_site, "datadoghq.eu");
    assert_eq!(
        (
            config.exports.sentry_sample_rate,
            config.exports.sentry_traces_sample_rate
        ),
        (0.5, 0.25)
    );
    assert!(!format!("{config:?}").contains("SECRET"));
    let (_, logging) = Logging::builder()
        .config(config)
        .build::<tracing_subscriber::Registry>()
        .unwrap();
    let stats = logging.stats();
    let names: Vec<&str> = stats.alert_sinks.iter().map(|sink| sink.name.as_str()).collect();
    assert_eq!(names, ["slack", "pagerduty", "webhook"]);
    let names: Vec<&str> = stats.sinks.iter().map(|sink| sink.name.as_str()).collect();
    assert_eq!(names, ["datadog", "newrelic", "sentry", "otlp"]);
}

#[test]
fn the_headers_of_the_collector_are_percent_decoded() {
    let server = Server::always(200);
    let config = config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", server.url("/").as_str()),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Basic%20YWxhZGRpbg==,x-tenant=a%2Cb",
        ),
    ]);

    run(Logging::builder().config(config), |logging| {
        error!("x");
        logging.flush(DEADLINE).unwrap();
    });

    let seen = server.next();
    assert_eq!(
        (seen.header("authorization"), seen.header("x-tenant")),
        (Some("Basic YWxhZGRpbg=="), Some("a,b"))
    );
}

#[test]
fn a_header_of_the_collector_that_is_no_pair_is_an_error() {
    let config = config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=7,Bearer SECRET"),
    ]);

    assert_refused(
        Logging::builder().config(config),
        "the headers of the collector are no list of name=value",
    );
}

#[test]
fn an_address_in_a_file_gets_the_critical_events() {
    let server = Server::always(200);
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("url");
    fs::write(&file, server.url("/services/SECRET")).unwrap();
    let config = config(&[("SLACK_WEBHOOK_URL_FILE", file.to_str().unwrap())]);
    assert_eq!(
        config.alerts.slack_webhook_url,
        Some(Secret::from(server.url("/services/SECRET")))
    );

    run(Logging::builder().config(config), |logging| {
        error!("an error is none by itself");
        error!(severity = "critical", "the ledger is gone");
        warn!(alert.key = "pool", "nearly full");
        assert!(logging.shutdown(DEADLINE).is_clean());
    });

    assert!(server.next().text().contains("*CRITICAL* the ledger is gone"));
    assert!(server.next().text().contains("*WARNING* nearly full"));
    assert!(server.rest().is_empty());
}

#[test]
fn without_a_setting_nothing_is_sent() {
    let config = config(&[]);

    assert_eq!(config.alerts, LoggingConfig::default().alerts);
    assert_eq!(config.exports, LoggingConfig::default().exports);
    let (_, logging) = Logging::builder()
        .config(config)
        .build::<tracing_subscriber::Registry>()
        .unwrap();
    assert!(logging.stats().alert_sinks.is_empty() && logging.stats().sinks.is_empty());
}
