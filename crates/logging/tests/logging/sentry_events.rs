//! What Sentry gets of the log.

use std::{error::Error, time::Duration};

use groundcrew_base::{Backoff, Secret};
use groundcrew_logging::{Export, LogContext, Profile, SentryEvents};
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
