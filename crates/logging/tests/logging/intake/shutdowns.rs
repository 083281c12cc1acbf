//! What becomes of lines that wait when the log ends.

use std::time::Duration;

use groundcrew_base::Backoff;
use tracing::{Level, info};

use super::{HOUR, datadog, sink};
use crate::{
    capture::{DEADLINE, Kept, run},
    server::{Reply, Server, service},
};

#[test]
fn a_shutdown_sends_what_waits_and_cuts_the_waits_short() {
    let server = Server::start(|n| {
        if n == 0 {
            Reply::status(503)
        } else {
            Reply::status(202)
        }
    });
    let export = datadog(&server)
        .backoff(Backoff::new(HOUR, HOUR))
        .deadline(HOUR * 9);

    run(service().export(export), |logging| {
        info!("waits");
        assert!(logging.flush(Duration::from_millis(20)).is_err());
        info!("waits too");

        assert!(logging.shutdown(DEADLINE).is_clean());

        let lines = logging.stats().lines;
        assert_eq!((lines.written, lines.dropped.total()), (2, 0));
        info!("late");
        assert_eq!(logging.stats().lines.dropped.shutdown, 1);
    });
}

#[test]
fn a_deadline_of_for_ever_is_one() {
    let server = Server::start(|n| Reply::status(if n == 0 { 503 } else { 202 }));
    let export = datadog(&server).attempt(Duration::MAX).deadline(Duration::MAX);

    run(service().export(export), |logging| {
        info!("x");
        logging.flush(DEADLINE).unwrap();
        assert_eq!(logging.stats().lines.written, 1);
    });

    assert_eq!(server.rest().len(), 2);
}

#[test]
fn a_server_that_asks_for_a_longer_wait_than_there_is_time_is_left_alone() {
    let server = Server::start(|_| Reply::after(429, "3600"));
    let kept = Kept::default();
    let export = datadog(&server).deadline(DEADLINE).age(Duration::ZERO);
    let builder = service().sink("kept", Level::TRACE, kept.clone()).export(export);

    run(builder, |logging| {
        for _ in 0..3 {
            info!("lost");
            logging.flush(DEADLINE).unwrap();
        }
        let stats = logging.stats();
        assert!(sink(&stats, "datadog").lines.dropped.io >= 3);
    });

    assert_eq!(server.rest().len(), 1);
    assert!(kept.text().contains("the server answered 429"), "{}", kept.text());
}
