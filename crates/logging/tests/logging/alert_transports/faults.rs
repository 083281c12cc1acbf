//! Servers that fail, hang or are not there.

use std::{net::TcpListener, time::Duration};

use groundcrew_base::Backoff;
use groundcrew_logging::{AlertPolicy, AlertSink, PagerDuty, Slack, Webhook};
use tracing::info;

use super::{one, secret, sent, slack};
use crate::server::{Reply, Server, assert_refused, service};

#[test]
fn what_passes_is_tried_again_until_it_is_taken() {
    let server = Server::start(|n| match n {
        0 => Reply::status(500),
        1 => Reply::status(503),
        2 => Reply::Close,
        3 => Reply::status(408),
        4 => Reply::status(429),
        _ => Reply::status(200),
    });

    let (log, counts) = sent(slack(&server), one);

    assert_eq!((counts.delivered, counts.failed, counts.retries), (1, 0, 5));
    let bodies: Vec<Vec<u8>> = server.rest().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 6);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert!(!log.contains("not sent"), "{log}");
}

#[test]
fn what_does_not_pass_is_tried_once_and_shows_no_secret() {
    for code in [301, 400, 401, 403, 404, 410, 413] {
        let server =
            Server::start(move |_| Reply::Status(code, Vec::new(), "no 0123456789SECRET, \u{7} here"));
        let pager = PagerDuty::new(secret("0123456789SECRET")).url(secret(&server.url("/v2/SECRETPATH")));

        let (log, counts) = sent(pager, one);

        assert_eq!(
            (counts.delivered, counts.failed, counts.retries),
            (0, 1, 0),
            "{code}"
        );
        assert_eq!(server.rest().len(), 1, "{code}");
        assert!(log.contains("\"message\":\"an alert was not sent\""), "{log}");
        assert!(
            log.contains(&format!("the server answered {code}")) && log.contains("no ***,  here"),
            "{log}"
        );
        assert!(!log.contains("SECRET"), "{log}");
    }
}

#[test]
fn a_server_that_asks_to_wait_is_asked_again_then_and_not_before() {
    // A backoff of an hour: only the server's own answer can make the next attempt come at once.
    let slow = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600)).jitter(0.0);
    let past = "Sun, 22 Nov 2026 13:59:00 GMT";
    for wait in ["0", past] {
        let server = Server::start(move |n| {
            if n < 2 {
                Reply::after(429, wait)
            } else {
                Reply::status(200)
            }
        });
        let (_, counts) = sent(slack(&server).backoff(slow), one);
        assert_eq!((counts.delivered, counts.retries), (1, 2), "{wait}");
    }

    // And no backoff at all: the next attempt would come at once, but for the answer.
    let soon = "Sun, 22 Nov 2026 14:00:40 GMT";
    for wait in ["40", soon] {
        let server = Server::start(move |_| Reply::after(503, wait));
        let (log, counts) = sent(slack(&server).deadline(Duration::from_secs(30)), one);
        assert_eq!((counts.failed, counts.retries), (1, 0), "{wait}");
        assert!(
            log.contains("the server answered 503 Service Unavailable 1 times"),
            "{log}"
        );
        assert_eq!(server.rest().len(), 1, "{wait}");
    }
}

#[test]
fn a_server_that_hangs_costs_its_deadline() {
    let server = Server::start(|_| Reply::Hang);
    let sink = slack(&server)
        .attempt(Duration::from_millis(20))
        .deadline(Duration::from_millis(200));

    let (log, counts) = sent(sink, one);

    assert_eq!((counts.delivered, counts.failed), (0, 1));
    assert!(counts.retries >= 1, "{counts:?}");
    assert!(log.contains("no answer within"), "{log}");
}

#[test]
fn a_connection_that_is_refused_or_speaks_no_tls_is_an_error_without_the_address() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Server::always(200);
    let tls = plain
        .url("/services/SECRETPATH")
        .replace("http:", "https:")
        .replace("127.0.0.1", "localhost");
    for url in [format!("http://{nobody}/services/SECRETPATH"), tls] {
        let quick = Backoff::new(Duration::from_millis(1), Duration::from_millis(1));
        let sink = Slack::new(secret(&url))
            .backoff(quick)
            .deadline(Duration::from_millis(100));

        let (log, counts) = sent(sink, one);

        assert_eq!((counts.delivered, counts.failed), (0, 1), "{url}");
        assert!(
            log.contains("sending to Slack") && !log.contains("SECRET"),
            "{log}"
        );
    }
}

#[test]
fn an_address_or_header_that_is_none_is_an_error_of_the_log_and_is_not_shown() {
    let sinks: [(Box<dyn AlertSink>, &str); 4] = [
        (
            Box::new(Slack::new(secret("SECRET"))),
            "the address of Slack is none",
        ),
        (
            Box::new(PagerDuty::new(secret("k")).url(secret("ftp://SECRET/"))),
            "the address of PagerDuty is none",
        ),
        (
            Box::new(Webhook::new(secret("http://h/")).header("a b", secret("SECRET"))),
            "the webhook cannot be sent header a b",
        ),
        (
            Box::new(Slack::new(secret("http://h/")).ca_file("/nowhere/ca.pem")),
            "trusting certificate authorities for Slack",
        ),
    ];
    for (sink, why) in sinks {
        assert!(
            !format!(
                "{:?}",
                service().alert_to("x", AlertPolicy::default(), Slack::new(secret("SECRET")))
            )
            .contains("SECRET")
        );
        assert_refused(service().alert_to("x", AlertPolicy::default(), Boxed(sink)), why);
    }
}

struct Boxed(Box<dyn AlertSink>);

impl AlertSink for Boxed {
    fn start(
        &mut self,
        context: &groundcrew_logging::AlertContext,
    ) -> Result<(), groundcrew_logging::AlertError> {
        self.0.start(context)
    }

    fn send(&mut self, alert: &groundcrew_logging::Alert) -> Result<(), groundcrew_logging::AlertError> {
        self.0.send(alert)
    }
}

#[test]
fn an_end_is_sent_where_the_server_may_have_taken_the_beginning() {
    let server = Server::start(|n| if n == 0 { Reply::Close } else { Reply::status(200) });
    let slow = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600)).jitter(0.0);

    let (_, counts) = sent(slack(&server).backoff(slow), || {
        one();
        info!(alert.key = "pool", alert.state = "resolved", "room again");
    });

    assert_eq!((counts.delivered, counts.failed), (1, 1));
    assert!(server.rest()[1].text().contains("RESOLVED"));
}
