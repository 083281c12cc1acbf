//! Panics are alerts.

use std::{process::exit, sync::mpsc, thread, time::Duration};

use groundcrew_logging::{Alert, AlertPolicy, AlertState, LogContext, Logging};
use tracing::{Level, error};

use super::messages;
use crate::{
    capture::{DEADLINE, Kept, at},
    process::{child, json_lines},
};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_panics() {
    struct LogsWhileLogging;

    impl std::fmt::Debug for LogsWhileLogging {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("inside of the subscriber, with redis://:SECRET@h");
        }
    }

    let (sender, receiver) = mpsc::channel::<Alert>();
    let logging = Logging::builder()
        .config(at("off"))
        .sink("kept", Level::TRACE, Kept::default())
        .alert_to("test", AlertPolicy::default(), move |alert: &Alert| {
            sender.send(alert.clone()).map_err(drop).unwrap();
        })
        .init()
        .unwrap();

    for _ in 0..2 {
        assert!(
            thread::spawn(|| panic!("at large, with redis://:SECRET@h"))
                .join()
                .is_err()
        );
    }
    let inside = thread::spawn(|| {
        let span = LogContext::new().request_id("r-1").span();
        span.in_scope(|| error!(alert.key = "x", odd = ?LogsWhileLogging, "x"));
    });
    assert!(inside.join().is_err());
    assert!(logging.shutdown(DEADLINE).is_clean());

    let alerts: Vec<Alert> = receiver.try_iter().collect();
    assert_eq!(
        messages(&alerts),
        [
            "panic: at large, with redis://:***@h",
            "panic: inside of the subscriber, with redis://:***@h"
        ]
    );
    for alert in alerts {
        assert!(
            alert.key.starts_with("panic/") && alert.key.contains("panics.rs:"),
            "{alert:?}"
        );
        assert_eq!(
            (alert.severity.as_str(), alert.state),
            ("critical", AlertState::Firing)
        );
    }
    let counts = logging.stats().alerts;
    assert_eq!((counts.accepted, counts.delivered, counts.suppressed), (3, 2, 1));
}

#[test]
fn a_panic_is_a_critical_alert_inside_of_a_subscriber_too_and_with_the_log_off() {
    let output = child("alerts::panics::child_panics").output().unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
#[expect(clippy::exit, reason = "as services end, without unwinding")]
fn child_main_panics() {
    let logging = Logging::builder()
        .config(groundcrew_logging::LoggingConfig::default())
        .environment("production")
        .alert_to("test", AlertPolicy::default(), |alert: &Alert| {
            let (_open, never) = mpsc::channel::<()>();
            never.recv_timeout(Duration::from_millis(200)).ok();
            eprintln!("ALERT {}", alert.message);
        })
        .init()
        .unwrap();
    let main = thread::Builder::new().name("main".to_owned());

    let panicking = main.spawn(|| panic!("nobody drops the log"));
    drop(panicking.unwrap().join());
    logging.flush(DEADLINE).unwrap();
    exit(1);
}

#[test]
fn a_panic_of_the_main_thread_waits_for_its_alert() {
    let output = child("alerts::panics::child_main_panics").output().unwrap();

    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("ALERT panic: nobody drops the log"), "{errors}");
    assert_eq!(json_lines(&output)[0].field("severity"), "critical");
}
