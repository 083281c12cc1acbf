//! Levels that change while the service runs, for a while, by handle and by route.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use groundcrew_logging::{Error, Filter, Logging, LoggingBuilder};
use serde_json::{Value, json};
use tracing::{
    Dispatch, Event, Level, Subscriber, debug, dispatcher::with_default, info, level_filters::LevelFilter,
    span, trace, warn,
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::{Context, SubscriberExt as _},
    reload,
};

use crate::capture::{DEADLINE, Kept, Line, at, eventually, run};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

fn keeping(kept: &Kept, level: &str) -> LoggingBuilder {
    Logging::builder()
        .config(at(level))
        .sink("kept", Level::TRACE, kept.clone())
}

/// What the service itself has logged.
fn messages(logging: &Logging, kept: &Kept) -> Vec<String> {
    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines().into_iter().filter(|line| !is_ours(line));
    lines.map(|line| line.message().to_owned()).collect()
}

/// What logging has said about itself.
fn told(logging: &Logging, kept: &Kept) -> Vec<Vec<(String, Value)>> {
    logging.flush(DEADLINE).unwrap();
    let lines = kept.lines().into_iter().filter(is_ours);
    lines
        .map(|line| {
            let message = ("message".to_owned(), json!(line.message()));
            let own = line
                .own()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            [message].into_iter().chain(own).collect()
        })
        .collect()
}

fn is_ours(line: &Line) -> bool {
    line.field("target") == "groundcrew::logging"
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect()
}

#[test]
fn a_temporary_level_holds_for_its_target_and_ends_by_itself() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        let log = |text: &str| {
            debug!(target: "sqlx::query", "{text}");
            debug!(target: "other", "{text}");
        };
        log("before");

        let change = logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        assert_eq!(change.remaining().map(|left| left <= SHORT), Some(true));
        eventually(|| {
            // Nothing is logged meanwhile: it ends without an event.
            logging.temporary_levels().is_empty()
        });
        log("after");

        assert_eq!(messages(logging, &kept), [""; 0]);
        assert_eq!(logging.filter().to_string(), "info");
        logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        log("during");
        assert_eq!(messages(logging, &kept), ["during"]);
    });
}

#[test]
fn each_change_and_its_end_are_told() {
    let kept = Kept::default();

    run(keeping(&kept, "error"), |logging| {
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        eventually(|| logging.temporary_levels().is_empty());
        let change = logging.set_level_for("*", LevelFilter::OFF, LONG).unwrap();
        logging.revert_level(&change);
        logging.revert_level(&change);
        logging.set_filter(Level::WARN);
        logging.reset_levels();
        logging.reset_levels();

        let changed = |target: &str, level: &str| {
            [
                ("changed.target".to_owned(), json!(target)),
                ("changed.level".to_owned(), json!(level)),
            ]
        };
        let line = |message: &str, changed: &[(String, Value)], rest: &[(&str, &str)]| {
            [&fields(&[("message", message)]), changed, &fields(rest)].concat()
        };
        let set = "log level changed for a while";
        let back = "log level is back";
        assert_eq!(
            told(logging, &kept),
            [
                line(
                    set,
                    &changed("sqlx", "debug"),
                    &[("ttl", "20ms"), ("filter", "error,sqlx=debug"), ("by", "code")]
                ),
                line(
                    back,
                    &changed("sqlx", "debug"),
                    &[("why", "expired"), ("filter", "error"), ("by", "code")]
                ),
                line(
                    set,
                    &changed("*", "off"),
                    &[("ttl", "1h"), ("filter", "off"), ("by", "code")]
                ),
                line(
                    back,
                    &changed("*", "off"),
                    &[("why", "reverted"), ("filter", "error"), ("by", "code")]
                ),
                line("log levels reset", &[], &[("filter", "error"), ("by", "code")]),
            ]
        );
    });
}

#[test]
fn of_overlapping_changes_the_latest_counts_until_it_is_over() {
    let kept = Kept::default();

    run(keeping(&kept, "info,sqlx=warn"), |logging| {
        let filter = || logging.filter().to_string();
        logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        logging.set_level_for("sqlx", Level::TRACE, SHORT).unwrap();
        logging.set_level_for("*", Level::ERROR, LONG).unwrap();
        logging.set_level_for("sqlx::pool", Level::ERROR, LONG).unwrap();
        eventually(|| filter() == "error,sqlx=debug,sqlx::pool=error");

        logging.set_filter("debug".parse::<Filter>().unwrap());
        assert_eq!(filter(), "error,sqlx=debug,sqlx::pool=error");
        assert_eq!(logging.temporary_levels().len(), 3);

        logging.reset_levels();
        assert_eq!(filter(), "info,sqlx=warn");
    });
}

#[test]
fn the_same_level_again_begins_anew() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        let again = logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
        logging.set_level_for("marker", Level::DEBUG, SHORT).unwrap();
        // The marker was set later for as long: what was set first would be over before it.
        eventually(|| {
            logging
                .temporary_levels()
                .iter()
                .all(|change| change.target() != "marker")
        });

        assert_eq!(logging.temporary_levels(), [again]);
        assert_eq!(logging.filter().to_string(), "info,sqlx=debug");
    });
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        for target in ["", "a=b", "a b", "a,b", "[span]"] {
            let error = logging.set_level_for(target, Level::DEBUG, LONG).unwrap_err();
            assert!(matches!(error, Error::Level(_)), "{target}");
        }
        for n in 0..100 {
            logging
                .set_level_for(format!("t{n}"), Level::DEBUG, Duration::MAX)
                .unwrap();
        }
        let error = logging.set_level_for("one more", Level::DEBUG, LONG);
        assert!(matches!(error, Err(Error::Level(_))));
        let error = logging.set_level_for("one_more", Level::DEBUG, LONG).unwrap_err();
        assert_eq!(error.to_string(), "more than 100 temporary log levels");
        assert!(
            logging
                .temporary_levels()
                .iter()
                .all(|change| change.remaining().is_none())
        );
        logging.reset_levels();
        assert_eq!(told(logging, &kept).len(), 101);
    });
}

#[test]
fn threads_that_are_logging_see_a_change_at_once() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept, "info").build().unwrap();
    let dispatch = Dispatch::new(Registry::default().with(layer));
    let (stop, rounds) = (
        Arc::new(AtomicBool::new(false)),
        [0; 2].map(|_| Arc::new(AtomicU64::new(0))),
    );
    let threads = rounds.each_ref().map(|rounds| {
        let (dispatch, stop, rounds) = (dispatch.clone(), Arc::clone(&stop), Arc::clone(rounds));
        thread::spawn(move || {
            with_default(&dispatch, || {
                while !stop.load(Ordering::SeqCst) {
                    debug!(target: "busy", "x");
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            });
        })
    });
    // Each thread has begun and ended a round.
    let pass_a_round = || {
        let before = rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        let later = || rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        eventually(|| later().iter().zip(before).all(|(now, before)| *now >= before + 2));
    };
    let logged = || logging.stats().events.debug;
    pass_a_round();

    for _ in 0..20 {
        let before = logged();
        let change = logging.set_level_for("busy", Level::DEBUG, LONG).unwrap();
        pass_a_round();
        assert!(logged() >= before + 2);

        logging.revert_level(&change);
        pass_a_round();
        let after = logged();
        pass_a_round();
        assert_eq!(logged(), after);
    }

    stop.store(true, Ordering::SeqCst);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_with_one_scoped_subscriber() {
    let kept = Kept::default();

    run(keeping(&kept, "info"), |logging| {
        info!("before");
        logging.set_level_for("sqlx", Level::DEBUG, SHORT).unwrap();
        eventually(|| logging.temporary_levels().is_empty());
        info!("after it expired on another thread");
        let elsewhere = logging.clone();
        thread::spawn(move || elsewhere.set_filter(Level::DEBUG))
            .join()
            .unwrap();
        debug!("after another thread has changed it");

        assert_eq!(
            messages(logging, &kept),
            [
                "before",
                "after it expired on another thread",
                "after another thread has changed it"
            ]
        );
    });
}

/// tracing then asks the subscriber of the thread that changes the filter, which has none.
#[test]
fn a_change_by_a_thread_without_a_subscriber_reaches_the_only_one_there_is() {
    let output = crate::process::child("levels::child_with_one_scoped_subscriber")
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_whose_logging_ends() {
    let kept = Kept::default();
    let (layer, logging) = keeping(&kept, "info").build::<Registry>().unwrap();
    logging.set_level_for("sqlx", Level::DEBUG, LONG).unwrap();
    let ours = |name: &str| {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
            .filter(|comm| comm.trim() == name)
            .count()
    };
    // A thread gives itself its name.
    eventually(|| ours("log-timer") >= 1);

    drop((layer, logging));

    eventually(|| ours("log-timer") == 0);
}

#[test]
fn a_handle_and_a_subscriber_that_end_first_leave_no_thread_behind() {
    // Other tests have threads of that name too.
    let output = crate::process::child("levels::child_whose_logging_ends")
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

/// tokio-rs/tracing#1629: replacing a layer that has a filter of its own makes events go through a filter that
/// nobody has registered.
mod a_layer_with_a_filter_is_reloaded {
    use super::*;

    type Quiet = Box<dyn Layer<Registry> + Send + Sync>;

    fn theirs() -> Quiet {
        fmt::layer()
            .with_writer(std::io::sink)
            .with_filter(LevelFilter::TRACE)
            .boxed()
    }

    #[test]
    fn theirs_panics() {
        let (layer, handle) = reload::Layer::new(theirs());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::subscriber::with_default(Registry::default().with(layer), || {
                info!("Before reload");
                handle.reload(theirs()).unwrap();
                info!("After reload");
            });
        }));

        assert!(
            outcome.is_err(),
            "the bug is gone: this control is no more needed"
        );
    }

    #[test]
    fn ours_changes() {
        let kept = Kept::default();

        run(keeping(&kept, "trace"), |logging| {
            info!("Before reload");
            logging.set_filter(Level::TRACE);
            logging.set_filter(Level::WARN);
            info!("hidden");
            logging.set_filter(Level::INFO);
            info!("After reload");

            assert_eq!(messages(logging, &kept), ["Before reload", "After reload"]);
        });
    }
}

/// tokio-rs/tracing#2413: a filter that can be reloaded hides events from the layers beside it.
mod a_layer_without_a_hint_stands_beside_a_reloadable_filter {
    use super::*;

    struct NoMaxHint(Arc<AtomicU64>);

    impl<S: Subscriber> Layer<S> for NoMaxHint {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn theirs_hides_events() {
        let seen = Arc::new(AtomicU64::new(0));
        let (reload, _handle) = reload::Layer::new(LevelFilter::INFO);
        let subscriber = Registry::default()
            .with(reload)
            .with(NoMaxHint(Arc::clone(&seen)));

        tracing::subscriber::with_default(subscriber, || trace!("x"));

        assert_eq!(
            seen.load(Ordering::Relaxed),
            0,
            "the bug is gone: this control is no more needed"
        );
    }

    #[test]
    fn ours_does_not_before_and_after_a_change() {
        let (kept, seen) = (Kept::default(), Arc::new(AtomicU64::new(0)));
        let (layer, logging) = keeping(&kept, "info").build().unwrap();
        let subscriber = Registry::default().with(layer).with(NoMaxHint(Arc::clone(&seen)));

        tracing::subscriber::with_default(subscriber, || {
            assert_eq!(LevelFilter::current(), LevelFilter::TRACE);
            trace!("x");
            logging.set_filter(Level::ERROR);
            trace!("x");
            logging.set_level_for("*", Level::TRACE, LONG).unwrap();
            trace!("ours too");
        });

        assert_eq!(seen.load(Ordering::Relaxed), 3);
        assert_eq!(messages(&logging, &kept), ["ours too"]);
    }
}

/// tokio-rs/tracing#2458: what a span was when the filter was reloaded decides about its events for ever.
mod a_span_is_older_than_the_filter {
    use super::*;

    fn work() {
        trace!("trace");
        warn!("warn");
    }

    #[test]
    fn theirs_stays_silent_inside_of_it() {
        let (writer, text) = (Kept::default(), Kept::default());
        let (filter, handle) = reload::Layer::new(EnvFilter::new("error"));
        let layer = fmt::layer()
            .with_writer(move || Written(writer.clone()))
            .with_filter(filter);

        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let span = span!(Level::TRACE, "abc");
            handle.reload(EnvFilter::new("[abc]=trace")).unwrap();
            span.in_scope(work);
        });

        assert_eq!(text.text(), "", "the bug is gone: this control is no more needed");
    }

    #[test]
    fn ours_logs_what_the_filter_now_says() {
        let kept = Kept::default();

        run(keeping(&kept, "error"), |logging| {
            let span = span!(Level::TRACE, "abc", n = 1);
            logging.set_level_for(module_path!(), Level::TRACE, LONG).unwrap();
            span.in_scope(work);
            let later = span!(Level::TRACE, "abc", n = 2);
            later.in_scope(work);

            logging.reset_levels();
            later.in_scope(work);
            assert_eq!(messages(logging, &kept), ["trace", "warn", "trace", "warn"]);
            let lines = kept.lines();
            assert_eq!(lines.last().unwrap().message(), "log levels reset");
            let numbers: Vec<_> = lines.iter().map(|line| line.field("n").as_u64()).collect();
            assert_eq!(numbers[1..5], [None, None, Some(2), Some(2)]);
        });
    }

    struct Written(Kept);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            groundcrew_logging::Sink::write(&mut self.0, bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(feature = "axum")]
mod route {
    use axum::{Router, body::Body};
    use groundcrew_logging::{RequestLog, level_route};
    use http::{Request, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    struct Site {
        router: Router,
        logging: Logging,
        kept: Kept,
        _guard: tracing::subscriber::DefaultGuard,
    }

    impl Site {
        fn new() -> Self {
            let kept = Kept::default();
            let (layer, logging) = keeping(&kept, "info,sqlx=warn").build().unwrap();
            let guard = tracing::subscriber::set_default(Registry::default().with(layer));
            let peer = |_: &http::request::Parts| Some([192, 0, 2, 7].into());
            let router = Router::new()
                .route("/log-level", level_route(&logging))
                .layer(RequestLog::new().quiet(["/log-level"]).peer(peer));
            Self {
                router,
                logging,
                kept,
                _guard: guard,
            }
        }

        async fn send(&self, method: &str, body: &str) -> (StatusCode, Value) {
            let request = Request::builder()
                .method(method)
                .uri("/log-level")
                .header("x-request-id", "r-7")
                .body(Body::from(body.to_owned()))
                .unwrap();
            let response = self.router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            (status, serde_json::from_slice(&bytes).unwrap())
        }
    }

    #[tokio::test]
    async fn it_shows_sets_and_resets() {
        let site = Site::new();
        let nothing = json!({ "level": "info,sqlx=warn", "changes": [] });
        assert_eq!(site.send("GET", "").await, (StatusCode::OK, nothing.clone()));

        let (status, shown) = site
            .send("PUT", r#"{"target":"poker","level":"debug","ttl":"10m"}"#)
            .await;

        assert_eq!(status, StatusCode::OK);
        assert_eq!(shown["level"], "info,sqlx=warn,poker=debug");
        let change = &shown["changes"][0];
        assert_eq!(
            (&change["target"], &change["level"]),
            (&json!("poker"), &json!("debug"))
        );
        assert_eq!(change["by"], "http request r-7 from 192.0.2.7");
        assert!((590..=600).contains(&change["ttl_seconds"].as_u64().unwrap()));
        let (_, shown) = site.send("POST", r#"{"level":"ERROR","ttl":"1h"}"#).await;
        assert_eq!(shown["level"], "error,sqlx=warn,poker=debug");
        assert_eq!(shown["changes"][1]["target"], "*");
        let (_, shown) = site.send("PUT", r#"{"level":"warn"}"#).await;
        assert_eq!(shown["level"], "error,poker=debug");
        assert_eq!(site.logging.filter().to_string(), "error,poker=debug");
        assert_eq!(site.send("DELETE", "").await, (StatusCode::OK, nothing));
        let by: Vec<_> = told(&site.logging, &site.kept)
            .into_iter()
            .map(|line| line.last().unwrap().clone())
            .collect();
        assert_eq!(
            by,
            vec![("by".to_owned(), json!("http request r-7 from 192.0.2.7")); 4]
        );
    }

    #[tokio::test]
    async fn what_it_cannot_read_is_refused_with_the_reason() {
        let site = Site::new();
        let loud = r#"level: "loud" is none of error, warn, info, debug, trace, off"#;
        for (body, error) in [
            (r#"{"level":"loud","ttl":"1m"}"#, loud),
            (
                r#"{"level":"loud"}"#,
                "level: unknown level in \"loud\", expected one of error, warn, info, debug, trace, off",
            ),
            (
                r#"{"level":"","ttl":"1m"}"#,
                "level: \"\" is none of error, warn, info, debug, trace, off",
            ),
            (
                r#"{"level":"5","ttl":"1m"}"#,
                "level: \"5\" is none of error, warn, info, debug, trace, off",
            ),
            (
                r#"{"level":"info,a=warn","ttl":"1m"}"#,
                "level: \"info,a=warn\" is none of error, warn, info, debug, trace, off",
            ),
            (
                r#"{"level":"debug","target":"a"}"#,
                "a level for one target needs a ttl, such as 10m",
            ),
            (
                r#"{"level":"debug","ttl":"0s"}"#,
                "ttl: it must be longer than nothing",
            ),
            (
                r#"{"level":"debug","target":"a=b","ttl":"1m"}"#,
                "setting a log level: \"a=b\" names no target",
            ),
        ] {
            let refused = site.send("PUT", body).await;
            assert_eq!(
                refused,
                (StatusCode::BAD_REQUEST, json!({ "error": error })),
                "{body}"
            );
        }
        for body in [
            "",
            "{",
            "[]",
            r#"{"level":1}"#,
            r#"{"levels":"info"}"#,
            r#"{"level":"debug","ttl":"10"}"#,
        ] {
            let (status, refused) = site.send("PUT", body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert!(
                refused["error"].as_str().is_some_and(|error| error.len() > 10),
                "{refused}"
            );
        }
        assert!(site.logging.temporary_levels().is_empty());
    }
}
