//! What a collector of OpenTelemetry gets of the log.

use std::time::Duration;

use groundcrew_base::{Backoff, Secret};
use groundcrew_logging::{Export, Otlp, Profile};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
};
use prost::Message as _;
use tracing::{Level, debug, error, field, info, info_span, warn};

use crate::{
    capture::{DEADLINE, Kept, at, run},
    server::{NOW, Reply, Seen, Server, assert_refused, assert_told, service},
};

fn quick(otlp: Otlp) -> Export {
    Export::from(otlp)
        .age(Duration::from_secs(3600))
        .backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(1)))
}

fn request(seen: &Seen) -> ExportLogsServiceRequest {
    assert_eq!(seen.header("content-type"), Some("application/x-protobuf"));
    ExportLogsServiceRequest::decode(seen.body.as_slice()).unwrap()
}

fn pairs(attributes: &[KeyValue]) -> Vec<(&str, String)> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(yes) => yes.to_string(),
        other => format!("{other:?}"),
    };
    let mut pairs: Vec<(&str, String)> = attributes
        .iter()
        .map(|pair| {
            (
                pair.key.as_str(),
                text(pair.value.as_ref().unwrap().value.as_ref().unwrap()),
            )
        })
        .collect();
    pairs.sort();
    pairs
}

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_collector_gets_records_with_their_spans_fields_and_ids_in_every_profile() {
    for profile in [
        Profile::Default,
        Profile::OpenTelemetry,
        Profile::Ecs,
        Profile::Datadog,
    ] {
        let server = Server::always(200);
        let otlp = Otlp::new(server.url("/"))
            .header("x-key", Secret::from("SECRETKEY"))
            .resource("host.name", "host-7");
        let mut config = at("trace");
        config.profile = profile;

        run(service().config(config).export(quick(otlp)), |logging| {
            let span = info_span!("request", requestId = "r-1", seat = field::Empty);
            let _entered = span.enter();
            span.record("seat", 4);
            error!(
                target: "poker", severity = "critical", stake = 2.5, won = true, password = "SECRET",
                trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", span_id = "00f067aa0ba902b7", trace_flags = "01",
                "lost redis://:SECRET@h"
            );
            let id = "4bf92f3577b34da6a3ce929d0e0e4736";
            warn!(target: "poker", trace_id = id, trace_sampled = true, error.type = "poker::Full", "w");
            debug!(target: "poker", "d");
            logging.flush(DEADLINE).unwrap();
            assert_eq!(logging.stats().lines.written, 3);
        });

        check(&server.next(), profile);
    }
}

fn check(seen: &Seen, profile: Profile) {
    assert_eq!(
        (seen.line.as_str(), seen.header("x-key")),
        ("POST /v1/logs", Some("SECRETKEY"))
    );
    let request = request(seen);
    let logs = &request.resource_logs[0];
    assert_eq!(
        pairs(&logs.resource.as_ref().unwrap().attributes),
        [
            ("deployment.environment.name", "production".to_owned()),
            ("host.name", "host-7".to_owned()),
            ("service.name", "poker".to_owned()),
            ("service.version", "1.4.0".to_owned()),
        ]
    );
    let scope = &logs.scope_logs[0];
    assert_eq!(scope.scope.as_ref().unwrap().name, "poker", "{profile}");
    let [record, warning, debugging] = scope.log_records.as_slice() else {
        panic!("{scope:?}");
    };
    assert_eq!(record.time_unix_nano, NOW * 1_000_000_000);
    assert_eq!(
        (record.severity_number, record.severity_text.as_str()),
        (21, "FATAL"),
        "{profile}"
    );
    assert_eq!(body(record), "lost redis://:***@h");
    assert_eq!(
        record.trace_id,
        [
            0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36
        ]
    );
    assert_eq!(record.span_id, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert_eq!(record.flags, 1, "{profile}");
    let attributes = pairs(&record.attributes);
    for pair in [
        ("requestId", "r-1"),
        ("seat", "4"),
        ("stake", "2.5"),
        ("won", "true"),
        ("password", "***"),
    ] {
        assert!(
            attributes.contains(&(pair.0, pair.1.to_owned())),
            "{profile}: {pair:?} in {attributes:?}"
        );
    }
    assert_eq!((warning.flags, debugging.flags), (1, 0), "{profile}");
    let attributes = pairs(&warning.attributes);
    let error_type = ("error.type", "poker::Full".to_owned());
    assert!(attributes.contains(&error_type), "{profile}: {attributes:?}");
    assert_eq!(
        (warning.severity_number, debugging.severity_number),
        (13, 5),
        "{profile}"
    );
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_counted_and_told() {
    let server = Server::start(|n| match n {
        0 => Reply::after(503, "0"),
        1 => Reply::status(200),
        _ => Reply::Status(401, Vec::new(), "SECRETKEY is none"),
    });
    let kept = Kept::default();
    let otlp = Otlp::logs_at(server.url("/custom")).header("x-key", Secret::from("SECRETKEY"));
    let builder = service()
        .sink("kept", Level::TRACE, kept.clone())
        .export(quick(otlp));

    run(builder, |logging| {
        info!("sent");
        logging.flush(DEADLINE).unwrap();
        info!("refused");
        logging.flush(DEADLINE).unwrap();
        let stats = logging.stats();
        let lines = stats.sinks[1].lines;
        assert_eq!((lines.written, lines.dropped.io >= 1), (1, true), "{lines:?}");
    });

    let seen = server.rest();
    assert!(seen.iter().all(|seen| seen.line == "POST /custom"));
    assert_eq!(seen[0].body, seen[1].body);
    assert_told(&kept);
}

#[test]
fn a_header_goes_as_it_was_given() {
    let server = Server::always(200);
    let otlp = Otlp::new(server.url("/")).header("x-key", Secret::from("a%20b%"));

    run(service().export(quick(otlp)), |_| info!("x"));

    assert_eq!(server.next().header("x-key"), Some("a%20b%"));
}

#[test]
fn an_address_or_header_that_is_none_is_an_error_of_the_log_and_is_not_shown() {
    for (otlp, why) in [
        (Otlp::new("SECRET"), "the address is none"),
        (
            Otlp::new("http://h").header("a b", Secret::from("SECRET")),
            "a header of the collector cannot be sent",
        ),
    ] {
        assert_refused(service().export(otlp), why);
    }
}

#[test]
fn numbers_that_the_protocol_has_no_type_for_arrive_exactly() {
    for profile in [Profile::Default, Profile::OpenTelemetry] {
        let server = Server::always(200);
        let mut config = at("trace");
        config.profile = profile;

        run(
            service().config(config).export(quick(Otlp::new(server.url("/")))),
            |logging| {
                info!(
                    greatest = u64::MAX,
                    least = i64::MIN,
                    beyond = u128::MAX,
                    below = i128::MIN,
                    nothing = f64::NAN,
                    small = 5e-324,
                    word = "null",
                    "x"
                );
                logging.flush(DEADLINE).unwrap();
            },
        );

        let request = request(&server.next());
        let record = &request.resource_logs[0].scope_logs[0].log_records[0];
        let attribute = |name: &str| {
            let pair = record.attributes.iter().find(|pair| pair.key == name);
            pair.map(|pair| pair.value.as_ref().unwrap().value.clone().unwrap())
        };
        for (name, value) in [
            ("greatest", Value::StringValue(u64::MAX.to_string())),
            ("least", Value::IntValue(i64::MIN)),
            ("beyond", Value::StringValue(u128::MAX.to_string())),
            ("below", Value::StringValue(i128::MIN.to_string())),
            ("small", Value::DoubleValue(5e-324)),
            ("word", Value::StringValue("null".to_owned())),
        ] {
            assert_eq!(attribute(name), Some(value), "{profile}: {name}");
        }
        assert!(
            matches!(attribute("nothing"), Some(Value::DoubleValue(number)) if number.is_nan()),
            "{profile}: {:?}",
            attribute("nothing")
        );
    }
}
