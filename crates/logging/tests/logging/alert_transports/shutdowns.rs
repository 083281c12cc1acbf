//! What becomes of alerts that wait when the log ends.

use std::time::Duration;

use groundcrew_base::Backoff;
use groundcrew_logging::AlertPolicy;
use tracing::error;

use super::{one, slack, testkit_poll};
use crate::{
    capture::{DEADLINE, run},
    server::{Reply, Server, service},
};

#[test]
fn a_shutdown_sends_what_waits_and_cuts_the_waits_short() {
    let server = Server::start(|n| {
        if n == 0 {
            Reply::status(500)
        } else {
            Reply::status(200)
        }
    });
    let slow = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600)).jitter(0.0);
    let hour = Duration::from_secs(7200);
    let builder = service().alert_to(
        "slack",
        AlertPolicy::default(),
        slack(&server).backoff(slow).deadline(hour),
    );

    run(builder, |logging| {
        one();
        error!(alert.key = "other", "waits");
        server.next();

        let report = logging.shutdown(DEADLINE);

        assert!(report.is_clean(), "{report:?}");
        let counts = logging.stats().alerts;
        assert_eq!((counts.delivered, counts.retries, counts.pending), (2, 1, 0));
    });
}

#[test]
fn a_shutdown_asks_again_and_again_but_not_without_a_pause() {
    let server = Server::start(|_| Reply::status(503));
    let slow = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600)).jitter(0.0);
    let hour = Duration::from_secs(7200);
    let builder = service().alert_to(
        "slack",
        AlertPolicy::default(),
        slack(&server).backoff(slow).deadline(hour),
    );

    run(builder, |logging| {
        one();
        server.next();

        drop(logging.shutdown(Duration::from_secs(2)));

        let counts = logging.stats().alerts;
        assert_eq!((counts.delivered, counts.failed), (0, 1));
        let retries = counts.retries;
        assert!((2..=5).contains(&retries), "{retries} times in two seconds");
    });
}

#[test]
fn a_shutdown_waits_for_no_longer_than_it_was_told() {
    let server = Server::start(|_| Reply::Hang);
    let builder = service().alert_to("slack", AlertPolicy::default(), slack(&server).attempt(DEADLINE));

    run(builder, |logging| {
        one();
        error!(alert.key = "other", "waits");
        server.next();

        let report = logging.shutdown(Duration::from_millis(50));

        assert!(!report.is_clean());
        // The one on its way gives up at the same deadline.
        testkit_poll(|| logging.stats().alerts.pending == 0);
        let counts = logging.stats().alerts;
        assert_eq!((counts.delivered, counts.failed + counts.dropped), (0, 2));
    });
}
