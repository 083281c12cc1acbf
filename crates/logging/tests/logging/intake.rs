//! Datadog's and New Relic's intakes: what they get, and what becomes of lines when they misbehave.

use std::{
    io::Read as _,
    thread,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use groundcrew_base::{Backoff, ByteSize, Secret};
use groundcrew_logging::{Datadog, Export, LogContext, NewRelic, SinkStats};
use serde_json::{Value, json};
use tracing::{Level, error, info, warn};

use crate::{
    capture::{DEADLINE, Kept, PROFILES, assert_exact, at, parse, quiet, run},
    server::{NOW, Reply, Seen, Server, assert_refused, service},
};

mod shutdowns;

const HOUR: Duration = Duration::from_secs(3600);

fn datadog(server: &Server) -> Export {
    let datadog = Datadog::new(Secret::from("SECRETKEY"))
        .url(server.url("/api/v2/logs"))
        .hostname("host-7");
    quick(Export::from(datadog.tag("team", "cards")))
}

fn quick(export: Export) -> Export {
    export
        .age(HOUR)
        .backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(2)))
}

/// A body as it was before it was compressed.
fn body(seen: &Seen) -> String {
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let mut text = String::new();
    GzDecoder::new(seen.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn entries(seen: &Seen) -> Vec<Value> {
    serde_json::from_str(&body(seen)).unwrap()
}

fn sink<'a>(stats: &'a groundcrew_logging::LoggingStats, name: &str) -> &'a SinkStats {
    stats.sinks.iter().find(|sink| sink.name == name).unwrap()
}

#[test]
fn datadog_gets_the_lines_with_its_own_fields() {
    let server = Server::always(202);

    run(service().export(datadog(&server)), |logging| {
        let span = LogContext::new().request_id("r-1").span();
        span.in_scope(|| warn!(target: "poker", password = "SECRET", "seat taken at redis://:SECRET@h"));
        info!(target: "poker", ddsource = "dealer", hostname = "mine", "its own");
        logging.flush(DEADLINE).unwrap();
        let stats = logging.stats();
        assert_eq!(sink(&stats, "datadog").lines.written, 2);
        assert_exact(&stats.lines);
    });

    let seen = server.next();
    assert_eq!(
        (seen.line.as_str(), seen.header("dd-api-key")),
        ("POST /api/v2/logs", Some("SECRETKEY"))
    );
    assert_eq!(
        entries(&seen),
        [
            json!({
                "ddsource": "rust", "ddtags": "env:production,version:1.4.0,team:cards", "hostname": "host-7",
                "timestamp": "2026-11-22T14:00:00.000000Z", "level": "warn", "target": "poker",
                "message": "seat taken at redis://:***@h", "password": "***", "requestId": "r-1",
                "service": "poker", "version": "1.4.0", "environment": "production",
            }),
            json!({
                "ddtags": "env:production,version:1.4.0,team:cards",
                "timestamp": "2026-11-22T14:00:00.000000Z", "level": "info", "target": "poker",
                "message": "its own", "ddsource": "dealer", "hostname": "mine",
                "service": "poker", "version": "1.4.0", "environment": "production",
            }),
        ]
    );
    // No name twice, in the text either.
    assert_eq!(
        parse(
            &body(&seen)[1..body(&seen).len() - 1]
                .replace("},{", "}\n{")
                .add("\n")
        )
        .len(),
        2
    );
    assert!(server.rest().is_empty());
}

trait Add {
    fn add(self, end: &str) -> String;
}

impl Add for String {
    fn add(mut self, end: &str) -> String {
        self.push_str(end);
        self
    }
}

#[test]
fn new_relic_gets_common_attributes_and_logs_in_every_profile() {
    for profile in PROFILES {
        let server = Server::always(202);
        let new_relic = NewRelic::new(Secret::from("SECRETKEY")).url(server.url("/log/v1"));
        let mut config = quiet();
        config.profile = profile;

        run(
            service().config(config).export(quick(new_relic.into())),
            |logging| {
                warn!(target: "poker", stake = 25, trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", "seat taken");
                logging.flush(DEADLINE).unwrap();
            },
        );

        let seen = server.next();
        assert_eq!(
            (seen.line.as_str(), seen.header("api-key")),
            ("POST /log/v1", Some("SECRETKEY"))
        );
        let batch = &entries(&seen)[0];
        assert_eq!(
            batch["common"]["attributes"],
            json!({"service": "poker", "version": "1.4.0", "environment": "production"})
        );
        let log = &batch["logs"][0];
        assert_eq!(
            (&log["timestamp"], &log["message"]),
            (&json!(NOW * 1000), &json!("seat taken")),
            "{profile}"
        );
        let attributes = &log["attributes"];
        assert_eq!(attributes["stake"], json!(25), "{profile}: {attributes}");
        assert_eq!(attributes["logger"], json!("poker"), "{profile}: {attributes}");
        assert_eq!(
            attributes["trace.id"],
            json!("4bf92f3577b34da6a3ce929d0e0e4736"),
            "{profile}: {attributes}"
        );
        assert!(
            attributes["level"].as_str().unwrap().starts_with("warn"),
            "{profile}: {attributes}"
        );
    }
}

#[test]
fn batches_keep_to_the_limits_of_the_service() {
    let server = Server::always(202);
    run(service().export(datadog(&server)), |logging| {
        for n in 0..2500 {
            info!(n, "x");
        }
        logging.flush(DEADLINE).unwrap();
        assert_eq!(logging.stats().lines.written, 2500);
    });
    let counts: Vec<usize> = server.rest().iter().map(|seen| entries(seen).len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 2500);
    assert!(counts.iter().all(|count| *count <= 1000), "{counts:?}");

    let server = Server::always(202);
    let new_relic = quick(NewRelic::new(Secret::from("k")).url(server.url("/")).into());
    run(service().export(new_relic), |logging| {
        let long = "x".repeat(40_000);
        for _ in 0..100 {
            info!(long, "x");
        }
        logging.flush(DEADLINE).unwrap();
    });
    let sizes: Vec<usize> = server.rest().iter().map(|seen| body(seen).len()).collect();
    assert!(
        sizes.len() >= 4 && sizes.iter().all(|size| *size <= 1_000_000),
        "{sizes:?}"
    );
}

#[test]
fn lines_are_sent_when_the_first_of_them_is_old_enough() {
    let server = Server::always(202);
    let export = datadog(&server).age(Duration::from_millis(5));

    run(service().export(export), |_| {
        info!("alone");
        assert_eq!(entries(&server.next())[0]["message"], "alone");
    });
}

#[test]
fn a_level_of_its_own_keeps_lesser_lines_back() {
    let server = Server::always(202);

    run(
        service().export(datadog(&server).level(Level::ERROR)),
        |logging| {
            warn!("not sent");
            error!("sent");
            logging.flush(DEADLINE).unwrap();
            assert_eq!(logging.stats().lines.accepted, 1);
        },
    );

    assert_eq!(entries(&server.next())[0]["message"], "sent");
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_dropped_counted_and_told() {
    let server = Server::start(|n| match n {
        0 => Reply::status(500),
        1 => Reply::after(429, "0"),
        2 => Reply::Close,
        3 => Reply::status(408),
        _ => Reply::status(202),
    });
    run(service().export(datadog(&server)), |logging| {
        info!("x");
        logging.flush(DEADLINE).unwrap();
        assert_eq!(logging.stats().lines.written, 1);
    });
    assert_eq!(server.rest().len(), 5);

    for code in [400, 401, 403, 413] {
        let server = Server::start(move |_| Reply::Status(code, Vec::new(), "no SECRETKEY here"));
        let kept = Kept::default();
        let builder = service()
            .sink("kept", Level::TRACE, kept.clone())
            .export(datadog(&server));
        run(builder, |logging| {
            info!("lost");
            info!("lost too");
            logging.flush(DEADLINE).unwrap();
            // The line that tells of it is one more, and is not told of again.
            logging.flush(DEADLINE).unwrap();
            let stats = logging.stats();
            let lines = sink(&stats, "datadog").lines;
            assert_eq!((lines.written, lines.dropped.io), (0, 3), "{code}");
            assert_exact(&lines);
            assert_exact(&stats.lines);
        });
        let told: Vec<String> = kept
            .lines()
            .iter()
            .filter(|line| line.message() == "log lines were not exported")
            .map(|line| {
                format!(
                    "{} {} {}",
                    line.field("sink"),
                    line.field("lines"),
                    line.field("error")
                )
            })
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("\"datadog\" 2 \"sending a batch: the server answered"),
            "{told:?}"
        );
        assert!(
            told[0].contains("no *** here") && !kept.text().contains("SECRET"),
            "{told:?}"
        );
    }
}

#[test]
fn a_service_that_hangs_costs_its_own_lines_beyond_its_buffer_and_nothing_else() {
    let server = Server::start(|_| Reply::Hang);
    let kept = Kept::default();
    let export = datadog(&server)
        .buffer(ByteSize::kib(16))
        .age(Duration::ZERO)
        .attempt(DEADLINE);
    let builder = service().sink("kept", Level::TRACE, kept.clone()).export(export);

    run(builder, |logging| {
        info!("first");
        server.next();
        for n in 0..1000 {
            info!(n, "x");
        }
        let start = Instant::now();
        while sink(&logging.stats(), "datadog").lines.dropped.overflow <= 800 || kept.lines().len() < 1001 {
            assert!(start.elapsed() < DEADLINE, "{:?}", logging.stats());
            thread::yield_now();
        }
        assert!(logging.flush(Duration::from_millis(50)).is_err());
        let stats = logging.stats();
        let lines = sink(&stats, "datadog").lines;
        assert_eq!((lines.accepted, lines.written), (1001, 0));
        assert!(lines.dropped.overflow > 800 && lines.pending > 50, "{lines:?}");
        assert_exact(&lines);
        assert_exact(&stats.lines);

        let start = Instant::now();
        let report = logging.shutdown(Duration::from_millis(50));

        assert!(start.elapsed() < DEADLINE && !report.is_clean());
        let stats = logging.stats();
        let lines = sink(&stats, "datadog").lines;
        assert_eq!((lines.pending, lines.dropped.total()), (0, 1001));
        assert!(lines.dropped.shutdown > 50, "{lines:?}");
    });
}

#[test]
fn what_the_sending_thread_logs_is_not_sent() {
    let server = Server::start(|n| {
        if n < 3 {
            Reply::status(500)
        } else {
            Reply::status(202)
        }
    });

    run(
        service()
            .config(at("trace"))
            .export(datadog(&server).age(Duration::ZERO)),
        |logging| {
            info!("one");
            logging.flush(DEADLINE).unwrap();
            assert_eq!(logging.stats().lines.accepted, 1);
        },
    );

    assert_eq!(server.rest().len(), 4);
}

#[test]
fn an_address_or_key_that_is_none_is_an_error_of_the_log_and_is_not_shown() {
    for (export, why) in [
        (
            Export::from(Datadog::new(Secret::from("SECRET")).url("SECRET")),
            "the address is none",
        ),
        (
            Export::from(NewRelic::new(Secret::from("SEC\nRET"))),
            "the key cannot be sent in a header",
        ),
        (
            Export::from(NewRelic::new(Secret::from("SECRET"))).ca_file("/nowhere/ca.pem"),
            "setting up TLS",
        ),
    ] {
        assert!(!format!("{export:?}").contains("SECRET"));
        assert_refused(service().export(export), why);
    }
}

#[test]
fn the_wait_that_a_server_asks_for_holds_for_the_batches_that_follow() {
    let server = Server::start(|n| match n {
        0 => Reply::after(503, "1"),
        _ => Reply::status(202),
    });
    let export = datadog(&server).deadline(Duration::from_millis(900));

    run(service().export(export), |logging| {
        let start = Instant::now();
        while sink(&logging.stats(), "datadog").lines.written == 0 {
            assert!(start.elapsed() < DEADLINE, "{:?}", logging.stats());
            info!("x");
            logging.flush(DEADLINE).unwrap();
        }
        assert!(start.elapsed() >= Duration::from_secs(1));
    });

    // None came in between. One may follow the first that was taken.
    assert!(server.rest().len() >= 2);
}

#[test]
fn new_relic_gets_the_fields_that_are_called_like_its_own() {
    for profile in PROFILES {
        let server = Server::always(202);
        let new_relic = NewRelic::new(Secret::from("SECRETKEY")).url(server.url("/log/v1"));
        let mut config = quiet();
        config.profile = profile;

        run(
            service().config(config).export(quick(new_relic.into())),
            |logging| {
                warn!(target: "poker", level = 7, logger = "hand", span.id = "mine", "x");
                logging.flush(DEADLINE).unwrap();
            },
        );

        let attributes = &entries(&server.next())[0]["logs"][0]["attributes"];
        let attributes: Vec<(&str, &Value)> = attributes
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        for value in [json!(7), json!("hand"), json!("mine"), json!("poker")] {
            assert!(
                attributes.iter().any(|(_, known)| **known == value),
                "{profile}: {value} in {attributes:?}"
            );
        }
    }
}
