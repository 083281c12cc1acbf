//! Slack, PagerDuty and webhooks, against a server that misbehaves in every way.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use groundcrew_base::{Backoff, Secret};
use groundcrew_logging::{AlertCounts, AlertPolicy, AlertSink, LogContext, PagerDuty, Slack, Webhook};
use tracing::{Level, error, info, warn};

use crate::{
    capture::{DEADLINE, Kept, at, run},
    server::{NOW, Reply, Seen, Server, service},
};

mod faults;
mod shutdowns;

fn secret(text: &str) -> Secret {
    Secret::from(text)
}

fn slack(server: &Server) -> Slack {
    let quick = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));
    Slack::new(secret(&server.url("/services/T0/B0/SECRETPATH")))
        .backoff(quick)
        .deadline(DEADLINE)
}

/// What the log says, and the counts, after `work` and a shutdown.
fn sent(sink: impl AlertSink, work: impl FnOnce()) -> (String, AlertCounts) {
    let kept = Kept::default();
    let builder =
        service()
            .sink("kept", Level::TRACE, kept.clone())
            .alert_to("test", AlertPolicy::default(), sink);
    let counts = run(builder, |logging| {
        work();
        // Those that fail say so in the log, which must still be open.
        testkit_poll(|| logging.stats().alerts.pending == 0);
        assert!(logging.shutdown(DEADLINE).is_clean());
        logging.stats().alerts
    });
    (kept.text(), counts)
}

fn testkit_poll(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "it did not happen in time");
        std::thread::yield_now();
    }
}

fn one() {
    error!(alert.key = "pool", "exhausted");
}

#[test]
fn slack_gets_a_text_without_markup_of_others() {
    let server = Server::always(200);

    let (_, counts) = sent(slack(&server), || {
        let span = LogContext::new().request_id("r-1").span();
        span.in_scope(|| {
            error!(
                severity = "critical",
                alert.key = "db.pool",
                waiting = 7,
                "<!channel> pool & more: 5 > 4"
            );
        });
        error!(alert.key = "db.pool", "again");
        info!(alert.key = "db.pool", alert.state = "resolved", "room again");
    });

    let (first, second) = (server.next(), server.next());
    assert_eq!(first.line, "POST /services/T0/B0/SECRETPATH");
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(
        first.text(),
        "{\"text\":\":rotating_light: *CRITICAL* &lt;!channel&gt; pool &amp; more: 5 &gt; 4\\n\
         db.pool | poker 1.4.0 (production)\\nwaiting: 7\\nrequestId: r-1\"}"
    );
    assert_eq!(
        second.text(),
        "{\"text\":\":white_check_mark: *RESOLVED* room again\\ndb.pool | poker 1.4.0 (production)\\n\
         1 more since the last message\"}"
    );
    assert_eq!(
        (counts.delivered, counts.suppressed, counts.failed, counts.retries),
        (2, 1, 0, 0)
    );
}

#[test]
fn no_message_to_slack_is_longer_than_it_takes() {
    let server = Server::always(200);
    let long = "<".repeat(60_000);

    let (_, counts) = sent(slack(&server), || {
        error!(
            alert.key = "pool",
            a = long,
            b = long,
            c = long,
            d = long,
            "{long}"
        );
    });

    assert_eq!(counts.delivered, 1);
    assert!(server.next().body.len() < 40_000);
}

#[test]
fn pagerduty_opens_an_incident_and_resolves_it() {
    let server = Server::always(202);
    let pager =
        PagerDuty::new(secret("0123456789abcdef0123456789abcdef")).url(secret(&server.url("/v2/enqueue")));

    let (_, counts) = sent(pager, || {
        warn!(target: "pool", category = "performance", alert.key = "db.pool", waiting = 7, "exhausted");
        info!(alert.key = "db.pool", alert.state = "resolved", "room again");
    });

    let (trigger, resolve) = (server.next(), server.next());
    assert_eq!(trigger.line, "POST /v2/enqueue");
    assert_eq!(
        trigger.text(),
        "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"trigger\",\
         \"dedup_key\":\"poker/db.pool\",\"client\":\"poker\",\"payload\":{\"summary\":\"exhausted\",\
         \"source\":\"poker (production)\",\"severity\":\"warning\",\"timestamp\":\"2026-11-22T14:00:00.000000Z\",\
         \"component\":\"pool\",\"group\":\"poker\",\"class\":\"performance\",\"custom_details\":{\
         \"key\":\"db.pool\",\"version\":\"1.4.0\",\"environment\":\"production\",\"waiting\":\"7\"}}}"
    );
    assert_eq!(
        resolve.text(),
        "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"resolve\",\
         \"dedup_key\":\"poker/db.pool\"}"
    );
    assert_eq!((counts.delivered, counts.failed), (2, 0));
}

#[test]
fn pagerduty_gets_every_incident_of_a_storm_and_its_end() {
    let server = Server::always(202);
    let pager = PagerDuty::new(secret("k")).url(secret(&server.url("/")));
    let keys: Vec<String> = (0..40).map(|n| format!("shard-{n}")).collect();

    let (_, counts) = sent(pager, || {
        for key in &keys {
            error!(alert.key = key, "down");
            error!(alert.key = key, "down");
        }
        for key in &keys {
            info!(alert.key = key, alert.state = "resolved", "up");
        }
    });

    let seen = server.rest();
    let of = |action: &str| -> Vec<String> {
        let bodies = seen
            .iter()
            .map(json)
            .filter(|body| body["event_action"] == action);
        bodies
            .map(|body| body["dedup_key"].as_str().unwrap().to_owned())
            .collect()
    };
    let wanted: Vec<String> = keys.iter().map(|key| format!("poker/{key}")).collect();
    assert_eq!((of("trigger"), of("resolve")), (wanted.clone(), wanted));
    assert_eq!(
        (counts.delivered, counts.suppressed, counts.digests, counts.failed),
        (80, 40, 0, 0)
    );
}

#[test]
fn pagerduty_gets_a_summary_and_a_key_that_it_takes_and_a_severity_that_it_knows() {
    let server = Server::always(202);
    let pager = PagerDuty::new(secret("k"))
        .url(secret(&server.url("/")))
        .source("host-7");

    let (_, counts) = sent(pager, || {
        let long = "é".repeat(5000);
        error!(severity = "apocalyptic", alert.key = long, "{long}");
        error!(
            severity = "fatal",
            alert.key = "empty",
            alert.state = "firing",
            ""
        );
    });

    assert_eq!(counts.delivered, 2);
    let (long, empty) = (json(&server.next()), json(&server.next()));
    assert!(long["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
    assert!(long["dedup_key"].as_str().unwrap().chars().count() <= 255);
    assert_eq!(long["payload"]["severity"], "error");
    assert_eq!(long["payload"]["source"], "host-7");
    assert_eq!(
        (&empty["payload"]["summary"], &empty["payload"]["severity"]),
        (&"empty".into(), &"critical".into())
    );
}

fn json(seen: &Seen) -> serde_json::Value {
    serde_json::from_slice(&seen.body).unwrap()
}

#[test]
fn a_webhook_gets_json_signed_and_with_headers() {
    let server = Server::always(204);
    let webhook = Webhook::new(secret(&server.url("/hook?token=SECRETQUERY")))
        .header("Authorization", secret("Bearer SECRETHEADER"))
        .sign_with(secret("key"));

    let (_, counts) = sent(webhook, || {
        error!(target: "pool", waiting = 7, category = "performance", alert.key = "db.pool", "it's \"full\"");
    });

    let seen = server.next();
    assert_eq!(seen.line, "POST /hook?token=SECRETQUERY");
    assert_eq!(seen.header("authorization"), Some("Bearer SECRETHEADER"));
    assert_eq!(
        seen.text(),
        "{\"key\":\"db.pool\",\"state\":\"firing\",\"severity\":\"error\",\"message\":\"it's \\\"full\\\"\",\
         \"target\":\"pool\",\"timestamp\":\"2026-11-22T14:00:00.000000Z\",\"category\":\"performance\",\
         \"service\":\"poker\",\"version\":\"1.4.0\",\"environment\":\"production\",\"repeats\":0,\
         \"details\":{\"waiting\":\"7\"}}"
    );
    // From `openssl dgst -sha256 -hmac key` over that body.
    assert_eq!(seen.header("x-signature-256"), Some(SIGNATURE));
    assert_eq!(counts.delivered, 1);
}

const SIGNATURE: &str = "sha256=34f5a644af446b2698658e66a7331137325907307f5f1333cb996edb90ecceb3";

#[test]
fn what_the_sending_thread_logs_makes_no_alert() {
    let server = Server::start(|n| {
        if n < 3 {
            Reply::status(500)
        } else {
            Reply::status(400)
        }
    });
    let kept = Kept::default();
    let mut config = at("trace");
    config.redact = Vec::new();
    let builder = service()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone())
        .alert_rule(groundcrew_logging::AlertRule::new("everything"))
        .alert_to("slack", AlertPolicy::every(), slack(&server));

    run(builder, |logging| {
        warn!(target: "poker", "an event");
        testkit_poll(|| logging.stats().alerts.failed == 1);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let counts = logging.stats().alerts;
        assert_eq!((counts.accepted, counts.failed), (1, 1));
    });

    assert_eq!(server.rest().len(), 4);
    assert!(kept.text().contains("an alert was not sent"), "{}", kept.text());
}

#[test]
fn several_transports_fail_apart() {
    let (hangs, works) = (Server::start(|_| Reply::Hang), Server::always(202));
    let pager = PagerDuty::new(secret("k")).url(secret(&works.url("/")));
    let builder = service()
        .alert_to("slack", AlertPolicy::default(), slack(&hangs).attempt(DEADLINE))
        .alert_to("pagerduty", AlertPolicy::default(), pager);

    run(builder, |logging| {
        for key in ["a", "b", "c"] {
            error!(alert.key = key, "x");
            assert_eq!(json(&works.next())["dedup_key"], format!("poker/{key}"));
        }
        testkit_poll(|| logging.stats().alert_sinks[1].counts.delivered == 3);
        drop(logging.shutdown(Duration::from_millis(1)));
        let stats = logging.stats();
        assert_eq!(stats.alert_sinks[0].counts.delivered, 0);
        assert_eq!(stats.alert_sinks[1].counts.delivered, 3);
    });
}

#[test]
fn the_fixed_time_of_these_tests_is_what_it_says() {
    let time: SystemTime = "2026-11-22T14:00:00Z".parse::<jiff::Timestamp>().unwrap().into();

    assert_eq!(time.duration_since(UNIX_EPOCH).unwrap().as_secs(), NOW);
}
