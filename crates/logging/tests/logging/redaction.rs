//! No secret reaches a sink.

use std::{io, sync::mpsc};

use groundcrew_base::Secret;
use groundcrew_logging::{Alert, Logging, Redactor};
use serde_json::json;
use tracing::{Level, error, field::Empty, info, info_span};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, Kept, at, logged_one, quiet, run};

#[test]
fn fields_are_masked_by_their_name_whatever_their_kind() {
    let line = logged_one(|| {
        let span = info_span!("span", token = "SECRET1", cookie = Empty, user.password = ?"SECRET2");
        span.record("cookie", "SECRET3");
        span.in_scope(|| {
            let failure = io::Error::other("SECRET4");
            info!(
                apiKey = 123_456,
                Authorization = %"SECRET5",
                client_secret = true,
                credentials = &failure as &dyn std::error::Error,
                pin = "shown",
                "x"
            );
        });
    });

    assert_eq!(
        line.own(),
        [
            ("apiKey", json!("***")),
            ("Authorization", json!("***")),
            ("client_secret", json!("***")),
            ("credentials", json!("***")),
            ("pin", json!("shown")),
            ("token", json!("***")),
            ("user.password", json!("***")),
            ("cookie", json!("***")),
        ]
    );
}

#[test]
fn whether_there_is_a_secret_is_shown_and_nothing_else_of_that_name() {
    let line = logged_one(|| {
        info!(
            has_token = false,
            requiresPassword = true,
            is_secret = "SECRET1",
            use_token = 12_345,
            "x"
        );
    });

    assert_eq!(
        line.own(),
        [
            ("has_token", json!(false)),
            ("requiresPassword", json!(true)),
            ("is_secret", json!("***")),
            ("use_token", json!("***")),
        ]
    );
}

#[test]
fn credentials_inside_of_text_are_masked_wherever_it_stands() {
    #[derive(Debug, thiserror::Error)]
    #[error("dial postgres://app:SECRET1@db/app")]
    struct Dial(#[source] io::Error);

    let line = logged_one(|| {
        let failure = Dial(io::Error::other("host=db password=SECRET2"));
        info_span!("span", upstream = "redis://:SECRET3@cache").in_scope(|| {
            info!(
                error = &failure as &dyn std::error::Error,
                display = %"https://SECRET4@host/",
                debug = ?"?token=SECRET5&x=1",
                "connecting to amqp://u:{}@mq", "SECRET6"
            );
        });
    });

    assert_eq!(line.message(), "connecting to amqp://u:***@mq");
    assert_eq!(
        line.own(),
        [
            ("error", json!("dial postgres://app:***@db/app")),
            ("error_chain", json!(["host=db password=***"])),
            ("display", json!("https://***@host/")),
            ("debug", json!("\"?token=***&x=1\"")),
            ("upstream", json!("redis://:***@cache")),
        ]
    );
}

#[test]
fn a_credential_is_masked_before_a_long_text_is_cut() {
    let kept = Kept::default();
    let mut config = quiet();
    config.max_line = groundcrew_base::ByteSize::kib(1);
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        for padding in 600..900 {
            info!("{} pg://u:{}@h", "x".repeat(padding), "SECRET".repeat(20));
        }
    });

    assert_eq!(kept.lines().len(), 300);
    assert!(!kept.text().contains("SEC"));
}

#[test]
fn names_of_the_configuration_come_on_top_of_the_usual_ones() {
    let kept = Kept::default();
    let mut config = quiet();
    config.redact = vec!["hole_*".parse().unwrap()];
    let builder = Logging::builder()
        .config(config)
        .redactor(Redactor::default().key("ssn2"))
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        info!(holeCards = "AsKd", ssn2 = "1", password = "p", table = "t1", "x");
    });

    assert_eq!(
        kept.lines()[0].own(),
        [
            ("holeCards", json!("***")),
            ("ssn2", json!("***")),
            ("password", json!("***")),
            ("table", json!("t1")),
        ]
    );
}

#[test]
fn a_secret_type_shows_nothing_under_any_name() {
    let secret = Secret::from("hunter2");

    let line = logged_one(|| info!(harmless = ?secret, other = %secret, "x"));

    assert_eq!(
        line.own(),
        [("harmless", json!("Secret(***)")), ("other", json!("***"))]
    );
}

#[test]
fn two_layers_of_one_registry_each_mask_with_their_own_redactor() {
    let (open, closed) = (Kept::default(), Kept::default());
    let builder = |redactor, kept: &Kept| {
        Logging::builder()
            .config(at("info"))
            .redactor(redactor)
            .sink("kept", Level::TRACE, kept.clone())
    };
    let (first, first_handle) = builder(Redactor::without_keys(), &open).build().unwrap();
    let (second, second_handle) = builder(Redactor::default(), &closed).build().unwrap();

    tracing::subscriber::with_default(Registry::default().with(first).with(second), || {
        info_span!("span", token = "t").in_scope(|| info!(password = "p", "x"));
    });

    first_handle.flush(DEADLINE).unwrap();
    second_handle.flush(DEADLINE).unwrap();
    assert_eq!(
        open.lines()[0].own(),
        [("password", json!("p")), ("token", json!("t"))]
    );
    assert_eq!(
        closed.lines()[0].own(),
        [("password", json!("***")), ("token", json!("***"))]
    );
}

#[test]
fn an_alert_is_redacted() {
    let (sender, receiver) = mpsc::channel();
    let builder = Logging::builder()
        .config(quiet())
        .alert_sink(move |alert: &Alert| sender.send(alert.clone()).unwrap());

    let alert = run(builder, |_| {
        error!(alert.key = "redis://:SECRET@h", "lost redis://:{}@h", "SECRET");
        receiver.recv_timeout(DEADLINE).unwrap()
    });

    assert_eq!(alert.key.split('#').next(), Some("redis://:***@h"));
    assert!(!alert.key.contains("SECRET"));
    assert_eq!(alert.message, "lost redis://:***@h");
}
