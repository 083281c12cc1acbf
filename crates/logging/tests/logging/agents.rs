//! What clients say they are, at length and with secrets.

use std::{convert::Infallible, env, future::ready};

use bytes::Bytes;
use futures_util::FutureExt as _;
use groundcrew_logging::{Color, Format, Logging, LoggingConfig, RequestLog};
use http::{Request, Response};
use http_body_util::Empty;
use serde_json::Value;
use tower::{Layer as _, Service as _, service_fn};

use crate::{
    capture::{DEADLINE, Kept, Line, keeping, run},
    process::child,
};

/// Serves one request of a client that says it is `agent`.
fn serve(agent: &str) {
    let mut service = RequestLog::new().layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    }));
    let request = Request::builder().header("user-agent", agent).body(()).unwrap();
    service.call(request).now_or_never().unwrap().unwrap();
}

/// Its access line.
fn line(agent: &str) -> Line {
    let kept = Kept::default();
    run(keeping(&kept), |_| serve(agent));
    kept.lines().remove(0)
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_console() {
    let mut config = LoggingConfig::default();
    config.format = Format::Console;
    config.color = Color::Never;
    let logging = Logging::builder().config(config).init().unwrap();
    serve(env::var_os(AGENT).unwrap().to_str().unwrap());
    logging.flush(DEADLINE).unwrap();
}

/// Its access line for people.
fn console(agent: &str) -> String {
    let output = child("agents::child_console").env(AGENT, agent).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const AGENT: &str = "USER_AGENT_OF_TEST";

#[test]
fn what_a_client_says_it_is_at_length_is_cut_and_marked() {
    let (word, words) = ("x".repeat(300), "x ".repeat(150));
    let endless = "x".repeat(100_000);

    for agent in [&word, &words, &endless] {
        let (line, console) = (line(agent), console(agent));

        assert_eq!(*line.field("userAgent"), agent[..256]);
        assert_eq!(*line.field("truncated"), true);
        assert!(
            console.contains(&format!("userAgent={}…", &agent[..256])),
            "{console}"
        );
    }
}

#[test]
fn what_a_client_says_it_is_in_short_is_whole_and_not_marked() {
    let word = "x".repeat(256);

    let (line, console) = (line(&word), console(&word));

    assert_eq!(*line.field("userAgent"), word);
    assert_eq!(*line.field("truncated"), Value::Null);
    assert!(console.contains(&word) && !console.contains('…'), "{console}");
}

#[test]
fn a_secret_in_what_a_client_says_it_is_is_masked_before_that_is_cut() {
    for separator in ["/", " "] {
        for before in 225..=256 {
            let agent = |url: &str| format!("{}{separator}{url}", "x".repeat(before));

            let line = line(&agent("redis://u:hunter2@cache:6379/0"));

            let masked = agent("redis://u:***@cache:6379/0");
            assert_eq!(*line.field("userAgent"), masked[..masked.len().min(256)]);
        }
    }
    let console = console(&format!("{}/redis://u:hunter2@cache:6379/0", "x".repeat(240)));
    assert!(
        console.contains("/redis://u:***@c…") && !console.contains("hunter"),
        "{console}"
    );
}
