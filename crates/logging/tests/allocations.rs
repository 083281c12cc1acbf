//! An event costs no allocation on the thread that logs it, with redaction on, once its buffers are warm.

use std::{cell::OnceCell, fmt, io, time::Duration};

use allocation_counter::measure;
use groundcrew_logging::{Flood, Format, Logging, LoggingConfig, Sink};
use tracing::{Level, Span, info, info_span, subscriber::with_default, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

struct Nowhere;

impl Sink for Nowhere {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        Ok(lines.len())
    }
}

/// Allocations of 2000 rounds of `work`, after enough of them that every buffer has its size.
fn allocations(work: impl Fn(u64)) -> u64 {
    allocations_with(Flood::default(), work)
}

fn allocations_with(flood: Flood, work: impl Fn(u64)) -> u64 {
    const ROUNDS: u64 = 2000;

    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.flood = flood;
    let (layer, logging) = Logging::builder()
        .config(config)
        .service("poker-app")
        .sink("nowhere", Level::TRACE, Nowhere)
        .build()
        .expect("the configuration is good");
    with_default(Registry::default().with(layer), || {
        let count = || {
            let info = measure(|| {
                for round in 0..ROUNDS {
                    work(round);
                    // The queue grows with what waits in it, which is not the event's doing.
                    if round % 50 == 0 {
                        logging.flush(Duration::from_secs(20)).ok();
                    }
                }
            });
            info.count_total
        };
        count();
        // The best of a few: the calendar part of the timestamp and the growth of the queue come now and then.
        let least = (0..5).map(|_| count()).min().unwrap_or(u64::MAX);
        let stats = logging.stats();
        assert!(stats.events.info + stats.events.warn >= 6 * ROUNDS);
        assert_eq!(stats.lines.dropped.total(), 0);
        least
    })
}

#[test]
fn an_event_without_a_span_allocates_nothing() {
    let count = allocations(|round| {
        info!(
            ratio = 0.5,
            text = "table",
            round,
            password = "hunter2",
            url = "/login?next=%2Fhome%3Ftoken%3Dabc%2526def",
            "hand {round} dealt"
        );
    });

    assert_eq!(count, 0);
}

/// With its span, its context, the headers and its line.
#[cfg(feature = "tower")]
#[test]
fn a_request_allocates_little() {
    use std::{convert::Infallible, future::ready};

    use futures_util::FutureExt as _;
    use groundcrew_logging::RequestLog;
    use http::{HeaderValue, Request, Response, request::Parts};
    use http_body_util::{BodyExt as _, Empty};
    use tower::{Layer as _, Service, service_fn};

    const REQUESTS: u64 = 2000;

    fn serve<S, B>(service: &mut S)
    where
        S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
        B: http_body::Body<Error = Infallible>,
    {
        let mut request = Request::new(());
        let agent = HeaderValue::from_static("curl/8");
        request.headers_mut().insert("user-agent", agent);
        let response = service.call(request).now_or_never();
        let body = response.and_then(Result::ok).map(Response::into_body);
        assert!(body.is_some_and(|body| body.collect().now_or_never().is_some()));
    }

    let bare = service_fn(|_: Request<()>| ready(Ok(Response::new(Empty::<&[u8]>::new()))));
    let log = RequestLog::new().peer(|_: &Parts| Some([192, 0, 2, 7].into()));
    let logged = log.layer(bare);

    let without = allocations(|_| {
        serve(&mut bare.clone());
        info!("x");
    });
    let with = allocations(|_| serve(&mut logged.clone()));

    assert!((with - without) / REQUESTS <= 11, "{with} {without}");
}

#[test]
fn an_event_in_nested_spans_allocates_nothing() {
    let spans = OnceCell::new();
    let count = allocations(|round| {
        let inner: &Span = spans.get_or_init(|| {
            let outer = info_span!("request", requestId = "r-1", ip = %"192.0.2.7", token = "t");
            outer.in_scope(|| info_span!("hand", handId = 42, table = "t1"))
        });
        inner.in_scope(|| warn!(round, shown = ?Some(round), "hand dealt"));
    });

    assert_eq!(count, 0);
}

#[test]
fn flood_control_by_a_field_of_a_span_allocates_nothing() {
    let flood = Flood::per_callsite(1_000_000, 1_000_000).key("component");
    let span = OnceCell::new();
    let count = allocations_with(flood, |round| {
        let span: &Span = span.get_or_init(|| {
            let outer = info_span!("sink", component = "s3");
            outer.in_scope(|| info_span!("request", requestId = "r-1"))
        });
        span.in_scope(|| {
            warn!(round, "hand dealt");
            warn!(round, component = %"kafka", "hand dealt");
        });
    });

    assert_eq!(count, 0);
}

#[test]
fn a_suppressed_event_allocates_nothing() {
    // Some pass: the lines are those of others.
    let flood = Flood::per_callsite(1, 1).key("tenant");
    let own = held_back(&flood, || {
        info!(tenant = "t-1", n = 1, "its own");
    });
    let of_old_span = {
        let span = OnceCell::new();
        held_back(&flood, || {
            let span: &Span = span.get_or_init(|| info_span!("request", tenant = "t-1"));
            span.in_scope(|| info!("of a span"));
        })
    };

    assert_eq!((own, of_old_span), (0, 0));
}

#[test]
fn a_suppressed_event_in_a_new_span_allocates_nothing_beside_the_span() {
    let span = |work: &dyn Fn()| {
        let outer = info_span!("request", tenant = "t-1", text = "some");
        info_span!(parent: &outer, "inner", more = 2).in_scope(work);
    };
    let flood = Flood::per_callsite(1, 1).key("tenant");

    let alone = held_back(&flood, || span(&|| ()));
    let with_event = held_back(&flood, || span(&|| info!(n = 1, "x")));

    assert_eq!(with_event, alone);
}

/// Allocations of 2000 rounds of `work`, whose events are suppressed.
fn held_back(flood: &Flood, work: impl Fn()) -> u64 {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.flood = flood.clone();
    let (layer, _logging) = Logging::builder()
        .config(config)
        .sink("nowhere", Level::TRACE, Nowhere)
        .build()
        .expect("the configuration is good");
    with_default(Registry::default().with(layer), || {
        let count = || measure(|| (0..2000).for_each(|_| work())).count_total;
        // A budget of one a second, and the summaries in between.
        (0..6).map(|_| count()).min().unwrap_or(u64::MAX)
    })
}

#[test]
fn an_error_with_sources_allocates_nothing() {
    #[derive(Debug, thiserror::Error)]
    #[error("saving the hand")]
    struct Saving(#[source] fmt::Error);

    let error = Saving(fmt::Error);
    let count = allocations(|_| {
        warn!(error = &error as &dyn std::error::Error, "failed");
    });

    assert_eq!(count, 0);
}

#[test]
fn names_that_stand_twice_allocate_nothing() {
    let outer = OnceCell::new();
    let inner = OnceCell::new();
    let count = allocations(|round| {
        let outer: &Span = outer.get_or_init(|| info_span!("request", id = 1, service = "other"));
        let inner: &Span = inner.get_or_init(|| outer.in_scope(|| info_span!("request", id = 2)));
        inner.in_scope(|| {
            info!(id = round, "both spans give way");
            info!(service = "event's", "a span and a default give way");
            info!(id = round, more = 1, "one");
            info!(id = round, more = 2, "two");
            info!(id = round, more = 3, "three");
            info!(id = round, more = 4, "four");
        });
    });

    assert_eq!(count, 0);
}

#[test]
fn a_text_with_secrets_allocates_nothing() {
    let count = allocations(|round| {
        warn!(
            round,
            url = "redis://:hunter2@cache:6379",
            debug = ?("password", "hunter2"),
            body = r#"{"user":"bob","api_key":"hunter2","card":"4111 1111 1111 1111"}"#,
            pan = 4_111_111_111_111_111_u64,
            "login with token=hunter2 and Bearer abc1, key ghp_0123456789abcdefghij"
        );
    });

    assert_eq!(count, 0);
}

#[test]
fn a_text_with_escapes_allocates_nothing() {
    let count = allocations(|round| {
        warn!(
            round,
            url = "/login?next=%2Fhome%3Ftoken%3Dabc%2526def&password=%22correct horse%22",
            body = r"{\u0022user\u0022:\u0022bob\u0022,\u0022api_key\u0022:\u0022hunter2\u0022}",
            page = "&lt;password&gt;hunter2&lt;&sol;password&gt; {&amp;quot;cvv&amp;quot;:123}",
            nested = "%26quot%3Btoken%26quot%3B%3A%26quot%3Babc%5Cu0020def%26quot%3B &percnt;25",
            "login with token%3Dhunter2 and Bearer abc1\\u002Bdef, 100&#37; of {round}"
        );
    });

    assert_eq!(count, 0);
}

#[test]
fn names_that_stand_twice_in_a_new_span_cost_that_span_only() {
    let count = |is_twice: bool| {
        allocations(move |round| {
            let span = if is_twice {
                info_span!("request", id = 1)
            } else {
                info_span!("request", other = 1)
            };
            span.in_scope(|| info!(id = round, "x"));
        })
    };

    assert_eq!(count(true), count(false));
}

/// tokio-rs/tracing #3343: "parses the entire `FormattedFields` string into `serde_json::Value`" for each event: what an
/// event costs there grows with the fields of its spans. The control counts the same work.
#[test]
fn tracing_3343_an_event_does_not_parse_the_fields_of_its_spans_again() {
    let few = || info_span!("request", id = "r-1");
    let many = || {
        info_span!(
            "request",
            id = "r-1",
            user = "u-9",
            session = "s-1",
            hand = "h-7",
            table = "t-1",
            seat = "3",
            ip = "192.0.2.7",
            agent = "agent/1"
        )
    };
    let ours = |span: fn() -> Span| {
        let kept = OnceCell::new();
        allocations(move |round| kept.get_or_init(span).in_scope(|| info!(round, "x")))
    };
    let theirs = |span: fn() -> Span| {
        let layer = tracing_subscriber::fmt::layer().json().with_writer(io::sink);
        with_default(Registry::default().with(layer), || {
            span().in_scope(|| {
                let event = || info!("x");
                event();
                measure(event).count_total
            })
        })
    };

    assert_eq!((ours(few), ours(many)), (0, 0));
    let (few, many) = (theirs(few), theirs(many));
    // Each name and each text is copied at least, twice, for `span` and for `spans`.
    assert!(few > 0 && many >= few + 2 * 2 * 7, "{few} {many}");
}

/// docs/logging.md tells how much.
#[test]
fn a_hostile_text_takes_at_most_150_times_its_own_memory() {
    let redactor = groundcrew_logging::Redactor::default();
    let deep = "%2525 \\u0025 &percnt;25 ";
    let most = [
        "cvv=1 ",
        "password%3Da%26",
        "&#61;password&#61;a,",
        "\"cvv\":1,",
        "&quot;cvv&quot;:1,",
        "cvv=1&amp;",
    ]
    .map(|unit| format!("{deep}{}", unit.repeat(65_536 / unit.len())))
    .map(|text| {
        (
            measure(|| drop(redactor.text(&text))).bytes_max as f64 / text.len() as f64,
            text,
        )
    });

    for (share, text) in most {
        assert!(share <= 150.0, "{share} bytes for each of {}", &text[..60]);
    }
}
