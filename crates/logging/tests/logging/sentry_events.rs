//! What Sentry gets of the log.

use std::{error::Error, time::Duration};

use groundcrew_base::{Backoff, Secret};
use groundcrew_logging::{Export, LogContext, Profile, SentryEvents};
use sentry::{
    Hub, TransactionContext,
    protocol::{Attachment, Event},
};
use serde_json::{Value, json};
use tracing::{Level, debug, error, info, warn};

use crate::{
    capture::{DEADLINE, Kept, at, run},
    server::{NOW, Reply, Seen, Server, assert_refused, assert_told, service},
};

fn events(server: &Server) -> SentryEvents {
    let dsn = server.url("/7").replace("http://", "http://SECRETKEY@");
    SentryEvents::new(Secret::from(dsn)).server_name("host-7")
}

fn quick(events: SentryEvents) -> Export {
    Export::from(events).backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(1)))
}

/// The event in an envelope.
fn event(seen: &Seen) -> Value {
    let mut lines = seen.text().lines();
    let item = lines
        .nth(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(item.unwrap()["type"], "event");
    serde_json::from_str(lines.next().unwrap()).unwrap()
}

#[test]
fn an_error_is_an_event_with_what_came_before_it_in_its_request() {
    for profile in [Profile::Default, Profile::Ecs, Profile::OpenTelemetry] {
        let server = Server::always(200);
        let mut config = at("debug");
        config.profile = profile;
        run(
            service().config(config).export(quick(events(&server))),
            |logging| {
                let of = |id: &str| LogContext::new().request_id(id).user_id("u-9").span();
                of("r-1").in_scope(|| info!(target: "poker", stake = 25, "seat taken at redis://:SECRET@h"));
                of("r-2").in_scope(|| warn!("of another request"));
                of("r-1").in_scope(|| {
                    debug!("too little");
                    let reason = std::io::Error::other("no route to redis://:SECRET@h");
                    error!(
                        target: "poker", severity = "critical", attempts = 3, api_key = "SECRET",
                        error = &reason as &dyn Error, error.type = "io::Error", "the ledger is gone"
                    );
                });
                logging.flush(DEADLINE).unwrap();
                assert_eq!(logging.stats().lines.written, 3);
            },
        );

        let seen = server.next();
        assert_eq!(seen.line, "POST /api/7/envelope/");
        assert_eq!(seen.header("content-type"), Some("application/x-sentry-envelope"));
        assert!(
            seen.header("x-sentry-auth")
                .unwrap()
                .contains("sentry_key=SECRETKEY")
        );
        let event = event(&seen);
        let exception = json!({"values": [{"type": "io::Error", "value": "no route to redis://:***@h"}]});
        for (name, value) in [
            ("level", json!("fatal")),
            ("logger", json!("poker")),
            ("message", json!("the ledger is gone")),
            ("release", json!("poker@1.4.0")),
            ("environment", json!("production")),
            ("server_name", json!("host-7")),
            ("timestamp", json!(NOW)),
            ("user", json!({"id": "u-9"})),
            ("exception", exception),
        ] {
            assert_eq!(event[name], value, "{profile}: {name} of {event}");
        }
        assert_eq!(event["tags"]["requestId"], "r-1");
        assert_eq!(
            (&event["extra"]["attempts"], &event["extra"]["api_key"]),
            (&json!(3), &json!("***"))
        );
        let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
        assert_eq!(crumbs.len(), 1, "{profile}: {crumbs:?}");
        assert_eq!(crumbs[0]["message"], "seat taken at redis://:***@h");
        assert_eq!(crumbs[0]["data"]["stake"], 25);
        let body = seen.text().replace("SECRETKEY", "");
        assert!(!body.contains("SECRET"), "{body}");
        assert!(server.rest().is_empty());
    }
}

#[test]
fn an_error_tells_of_the_last_hundred_events_before_it() {
    let server = Server::always(200);

    run(service().export(quick(events(&server))), |logging| {
        for n in 0..250 {
            info!(n, "step");
        }
        error!("x");
        logging.flush(DEADLINE).unwrap();
    });

    let event = event(&server.next());
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let numbers: Vec<_> = crumbs
        .iter()
        .map(|crumb| crumb["data"]["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (150..250).collect::<Vec<_>>());
}

#[test]
fn a_share_of_nothing_sends_nothing_and_one_that_is_none_is_an_error() {
    let server = Server::always(200);
    run(
        service().export(quick(events(&server).sample_rate(0.0))),
        |logging| {
            error!("x");
            logging.flush(DEADLINE).unwrap();
        },
    );
    assert!(server.rest().is_empty());

    for (sentry, why) in [
        (
            events(&server).sample_rate(1.5),
            "the share 1.5 is not between 0 and 1",
        ),
        (
            events(&server).traces_sample_rate(f32::NAN),
            "the share NaN is not between 0 and 1",
        ),
        (
            SentryEvents::new(Secret::from("https://SECRET")),
            "the DSN is none",
        ),
    ] {
        assert_refused(service().export(sentry), why);
    }
}

#[test]
fn what_sentry_does_not_take_is_tried_again_counted_and_told_without_the_key() {
    let server = Server::start(|n| match n {
        0 => Reply::after(429, "0"),
        1 => Reply::status(200),
        _ => Reply::Status(403, Vec::new(), "SECRETKEY is none"),
    });
    let kept = Kept::default();
    let builder = service()
        .sink("kept", Level::TRACE, kept.clone())
        .export(quick(events(&server)));

    run(builder, |logging| {
        error!("sent");
        logging.flush(DEADLINE).unwrap();
        error!("refused");
        logging.flush(DEADLINE).unwrap();
        let stats = logging.stats();
        let lines = stats.sinks[1].lines;
        assert_eq!((lines.written >= 1, lines.dropped.io), (true, 1), "{lines:?}");
    });

    assert_eq!(server.rest().len(), 3);
    assert_told(&kept);
}

#[test]
fn a_shutdown_sends_the_last_error() {
    let server = Server::always(200);

    run(service().export(quick(events(&server))), |logging| {
        error!("last words");
        assert!(logging.shutdown(DEADLINE).is_clean());
    });

    assert_eq!(event(&server.next())["message"], "last words");
}

#[test]
fn integers_of_64_bits_arrive_exactly() {
    let server = Server::always(200);

    run(service().export(quick(events(&server))), |logging| {
        error!(greatest = u64::MAX, least = i64::MIN, beyond = u128::MAX, "x");
        logging.flush(DEADLINE).unwrap();
    });

    let extra = &event(&server.next())["extra"];
    assert_eq!(
        (&extra["greatest"], &extra["least"]),
        (&json!(u64::MAX), &json!(i64::MIN))
    );
    assert_eq!(extra["beyond"], json!(u128::MAX.to_string()));
}

/// What a service tells Sentry itself, with a secret in every place where there may be one: by a name, or by its form.
fn captured() -> Event<'static> {
    let text = "redis://:CANARY@h";
    let named = json!({"password": "CANARY", "seat": text, "tries": 3});
    let frame = json!({
        "function": "deal", "filename": text, "vars": named, "context_line": text, "pre_context": [text],
    });
    let stacktrace = json!({"frames": [frame]});
    let event = json!({
        "event_id": "9c3a7f0e1b2d4c5f8e9a0b1c2d3e4f50",
        "message": text, "culprit": text, "transaction": text, "logger": text,
        "logentry": {"message": text, "params": [text, 7]},
        "fingerprint": [text],
        "server_name": "host-8",
        "tags": {"api_key": "CANARY", "seat": text, "table": "4", text: "x"},
        "extra": {
            "password": "*** CANARY", "token": "hash:CANARY", "secret": 123_456, "credentials": {"password": ["CANARY"]},
            "nested": {"deep": [{"api_key": "CANARY", "note": text}]}, "stake": 25, "won": true,
        },
        "user": {"id": "u-9", "username": text, "password": "CANARY"},
        "request": {
            "url": "http://u:CANARY@h/?token=CANARY", "method": "GET", "data": "{\"password\":\"CANARY\"}",
            "query_string": "password=CANARY&seat=4", "cookies": "a=CANARY",
            "headers": {
                "Cookie": "a=CANARY", "Authorization": "Bearer CANARY", "Proxy-Authorization": "CANARY",
                "Set-Cookie": "a=CANARY", "X-Api-Key": "CANARY", "Accept": "*/*",
            },
            "env": {"HTTP_COOKIE": "CANARY", "HTTP_AUTHORIZATION": "CANARY", "DB_PASSWORD": "CANARY", "SEAT": text},
        },
        "contexts": {
            "trace": {
                "type": "trace", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
                "data": named,
            },
            "hand": {"type": "unknown", "password": "CANARY", "note": text},
        },
        "breadcrumbs": {"values": [{"timestamp": NOW, "message": text, "category": text, "data": named}]},
        "exception": {"values": [{"type": text, "value": text, "module": text, "stacktrace": stacktrace}]},
        "threads": {"values": [{"name": text, "stacktrace": stacktrace}]},
        "stacktrace": stacktrace,
        "timestamp": NOW,
    });
    serde_json::from_value(event).unwrap()
}

/// What an item of this kind says, of all that the server got.
fn item(bodies: &[String], kind: &str, holds: &str) -> Value {
    let lines: Vec<&str> = bodies.iter().flat_map(|body| body.lines()).collect();
    let of_kind = lines.windows(2).filter(|pair| {
        let header = serde_json::from_str::<Value>(pair[0]).unwrap();
        header["type"] == kind && header["length"] == pair[1].len()
    });
    let mut found = of_kind.filter(|pair| pair[1].contains(holds));
    serde_json::from_str(found.next().unwrap()[1]).unwrap()
}

#[test]
fn what_a_service_captures_itself_is_masked_in_every_place() {
    let server = Server::always(200);
    let export = quick(events(&server).traces_sample_rate(1.0).bind_hub());

    run(service().export(export), |logging| {
        let hub = Hub::main();
        let attachment = Attachment {
            buffer: b"{\"password\":\"CANARY\"}".to_vec(),
            filename: "CANARY".to_owned(),
            ..Attachment::default()
        };
        hub.with_scope(
            |scope| scope.add_attachment(attachment),
            || hub.capture_event(captured()),
        );
        let context = TransactionContext::new("GET redis://:CANARY@h", "http");
        let transaction = hub.start_transaction(context);
        transaction.set_tag("api_key", "CANARY");
        transaction.set_extra("password", "CANARY".into());
        transaction.set_request(captured().request.unwrap());
        let span = transaction.start_child("db", "SELECT 'redis://:CANARY@h'");
        span.set_data("password", "CANARY".into());
        span.set_tag("token", "CANARY");
        span.finish();
        transaction.finish();
        error!("ours");
        logging.flush(DEADLINE).unwrap();
        hub.bind_client(None);
    });

    let bodies: Vec<String> = server.rest().iter().map(|seen| seen.text().to_owned()).collect();
    let all = bodies.concat();
    assert_eq!(bodies.len(), 3, "{all}");
    assert!(!all.contains("CANARY"), "{all}");
    assert!(
        !all.to_lowercase().contains("cookie") && !all.contains("uthorization"),
        "{all}"
    );
    let event = item(&bodies, "event", "u-9");
    for (place, value) in [
        ("/event_id", json!("9c3a7f0e1b2d4c5f8e9a0b1c2d3e4f50")),
        ("/message", json!("redis://:***@h")),
        ("/logentry/params/1", json!(7)),
        ("/tags/table", json!("4")),
        ("/tags/api_key", json!("***")),
        ("/extra/stake", json!(25)),
        ("/extra/secret", json!("***")),
        ("/extra/password", json!("***")),
        ("/extra/won", json!(true)),
        ("/user/id", json!("u-9")),
        ("/request/method", json!("GET")),
        ("/request/headers", json!({"Accept": "*/*", "X-Api-Key": "***"})),
        (
            "/contexts/trace/trace_id",
            json!("4bf92f3577b34da6a3ce929d0e0e4736"),
        ),
        ("/contexts/trace/span_id", json!("00f067aa0ba902b7")),
        ("/exception/values/0/stacktrace/frames/0/function", json!("deal")),
        ("/exception/values/0/stacktrace/frames/0/vars/tries", json!(3)),
        ("/release", json!("poker@1.4.0")),
    ] {
        assert_eq!(event.pointer(place), Some(&value), "{place} of {event}");
    }
    let transaction = item(&bodies, "transaction", "SELECT");
    assert_eq!(transaction["transaction"], "GET redis://:***@h");
    assert_eq!(transaction["tags"]["api_key"], "***");
    assert_eq!(transaction["spans"][0]["data"]["password"], "***");
    assert_eq!(transaction["spans"][0]["op"], "db");
    assert_eq!(item(&bodies, "event", "ours")["message"], "ours");
}
