//! Sinks that hang, fail or cannot start, and their figures.

use std::sync::mpsc;

use groundcrew_logging::{Alert, AlertPolicy, Logging};
use tracing::error;

use crate::capture::{DEADLINE, quiet, run};

#[test]
fn a_sink_that_hangs_stops_no_other() {
    let (opener, gate) = mpsc::channel::<()>();
    let (sender, receiver) = mpsc::channel();
    let builder = Logging::builder()
        .config(quiet())
        .alert_to("hangs", AlertPolicy::every(), move |_: &Alert| {
            gate.recv().ok();
        })
        .alert_to("works", AlertPolicy::every(), move |alert: &Alert| {
            sender.send(alert.key.clone())
        });

    run(builder, |logging| {
        for key in ["a", "b", "c"] {
            error!(alert.key = key, "x");
            assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), key);
        }
        let stats = logging.stats();
        let names: Vec<(&str, u64)> = stats
            .alert_sinks
            .iter()
            .map(|sink| (sink.name.as_str(), sink.counts.pending))
            .collect();
        assert_eq!(names[0], ("hangs", 3));
        assert_eq!(stats.alerts.accepted, 6);
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        assert_eq!(logging.stats().alert_sinks[0].counts.delivered, 3);
    });
}

#[test]
fn so_many_alerts_wait_and_the_rest_is_counted() {
    const MOST_WAITING: u64 = 256;

    let (opener, gate) = mpsc::channel::<()>();
    let (sender, receiver) = mpsc::channel();
    let builder =
        Logging::builder()
            .config(quiet())
            .alert_to("hangs", AlertPolicy::every(), move |alert: &Alert| {
                sender.send(alert.key.clone()).ok();
                gate.recv().ok();
            });

    run(builder, |logging| {
        error!(alert.key = "in hand", "x");
        assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), "in hand");
        for n in 0..MOST_WAITING + 44 {
            error!(alert.key = %n, "x");
        }
        let counts = logging.stats().alerts;
        assert_eq!((counts.pending, counts.dropped), (MOST_WAITING + 1, 44));
        drop(opener);
        assert!(logging.shutdown(DEADLINE).is_clean());
        let counts = logging.stats().alerts;
        assert_eq!((counts.delivered, counts.dropped), (MOST_WAITING + 1, 44));
    });
}

#[test]
fn a_sink_that_cannot_start_is_an_error_of_the_log() {
    struct Broken;

    impl groundcrew_logging::AlertSink for Broken {
        fn start(
            &mut self,
            context: &groundcrew_logging::AlertContext,
        ) -> Result<(), groundcrew_logging::AlertError> {
            Err(format!("no route for {}", context.service()).into())
        }

        fn send(&mut self, _: &Alert) -> Result<(), groundcrew_logging::AlertError> {
            Ok(())
        }
    }

    let built = Logging::builder()
        .config(quiet())
        .service("poker")
        .alert_to("pager", AlertPolicy::default(), Broken)
        .build::<tracing_subscriber::Registry>();

    let error = built.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "starting alert sink pager");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "no route for poker"
    );
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_show_every_sink_and_result() {
    let registry = groundcrew_metrics::Registry::new();
    let builder =
        Logging::builder()
            .config(quiet())
            .alert_to("pager", AlertPolicy::default(), |alert: &Alert| {
                match alert.key.as_str() {
                    "fails" => Err("no route"),
                    _ => Ok(()),
                }
            });

    let text = run(builder, |logging| {
        logging.register_metrics(&registry).unwrap();
        for key in ["a", "a", "fails"] {
            error!(alert.key = key, "x");
        }
        assert!(logging.shutdown(DEADLINE).is_clean());
        error!(alert.key = "late", "x");
        registry.encode()
    });

    for line in [
        "log_alerts_total{sink=\"pager\",result=\"sent\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"failed\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"suppressed\"} 1",
        "log_alerts_total{sink=\"pager\",result=\"dropped\"} 1",
        "log_alert_retries_total{sink=\"pager\"} 0",
        "log_alert_digests_total{sink=\"pager\"} 0",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
}
