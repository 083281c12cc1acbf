//! A long value of an event leaves room for all that is short.

use groundcrew_base::ByteSize;
use groundcrew_logging::{Format, LogContext, Logging, LoggingConfig, Profile};
use serde_json::Value as Json;
use tracing::{Level, error, info_span};

use crate::capture::{Kept, Line, PROFILES, run};

fn lines_of(profile: Profile, most: ByteSize, work: impl FnOnce()) -> Vec<Line> {
    let kept = Kept::default();
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.max_line = most;
    config.profile = profile;
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    let lines = kept.lines();
    assert!(
        kept.text()
            .lines()
            .all(|line| line.len() < usize::try_from(most.bytes()).unwrap())
    );
    lines
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn in_a_request(work: impl FnOnce()) {
    let request = LogContext::new()
        .request_id("r-1")
        .user_id("u-2")
        .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .span();
    let trace = info_span!(parent: &request, "trace", trace_id = TRACE, span_id = "00f067aa0ba902b7");
    trace.in_scope(work);
}

#[test]
fn a_message_of_any_length_leaves_room_for_short_fields_and_those_of_the_spans_in_every_profile() {
    for profile in PROFILES {
        let lines = lines_of(profile, ByteSize::kib(64), || {
            in_a_request(|| {
                let (long, escaped) = ("x".repeat(70_000), "\u{1}\"é".repeat(30_000));
                error!(code = 7, table = "short", "{long}");
                error!(code = 7, table = "short", body = long, "short");
                error!(code = 7, table = "short", body = escaped, "{escaped}");
            });
        });

        assert_eq!(lines.len(), 3);
        for line in lines {
            let text = serde_json::to_string(&line.all()).unwrap();
            assert!(text.contains("\"truncated\":true"), "{profile:?}");
            let told = [
                ":7",
                "\"short\"",
                "\"r-1\"",
                "\"u-2\"",
                "Firefox/140.0",
                TRACE,
                "00f067aa0ba902b7",
            ];
            for told in told {
                assert!(
                    text.contains(told),
                    "{profile:?} {told} {}",
                    &text[text.len() - 900..]
                );
            }
            assert!(text.len() > 50_000, "{profile:?} {}", text.len());
        }
    }
}

#[test]
fn long_values_of_spans_leave_room_for_short_ones_of_all_spans_in_every_profile() {
    for profile in PROFILES {
        let lines = lines_of(profile, ByteSize::kib(64), || {
            let long = "x".repeat(100_000);
            let outer = info_span!("outer", first = %long, outer_short = "of the outer");
            let inner = info_span!(parent: &outer, "inner", a = %long, b = %long, c = %long, d = %long, e = %long,
                n = 7, short = "of the inner");
            inner.in_scope(|| {
                error!(code = 8, "plain");
                error!(code = 8, body = %long, "with a body");
            });
        });

        assert_eq!(lines.len(), 2);
        for line in lines {
            let text = serde_json::to_string(&line.all()).unwrap();
            for told in [
                "\"truncated\":true",
                ":7",
                ":8",
                "\"of the inner\"",
                "\"of the outer\"",
            ] {
                assert!(
                    text.contains(told),
                    "{profile:?} {told} {}",
                    &text[text.len() - 900..]
                );
            }
        }
    }
}

#[test]
fn a_short_line_has_room_for_short_fields_too() {
    let lines = lines_of(Profile::Default, ByteSize::kib(2), || {
        LogContext::new().request_id("r-1").in_scope(|| {
            error!(code = 7, table = "short", "{}", "x".repeat(70_000));
        });
    });

    let line = &lines[0];
    assert_eq!(
        ["code", "table", "requestId", "truncated"].map(|name| line.field(name)),
        [&Json::from(7), &"short".into(), &"r-1".into(), &true.into()]
    );
    assert!(line.message().len() > 1000, "{}", line.message().len());
}

#[test]
fn an_error_with_many_sources_leaves_room_too() {
    #[derive(Debug)]
    struct Deep(Option<Box<Self>>);

    impl std::fmt::Display for Deep {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("one of very many layers that say as much as this")
        }
    }

    impl std::error::Error for Deep {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.0.as_deref().map(|source| source as _)
        }
    }

    let deep = (0..3000).fold(Deep(None), |source, _| Deep(Some(Box::new(source))));
    let lines = lines_of(Profile::Default, ByteSize::kib(64), || {
        in_a_request(|| error!(error = &deep as &dyn std::error::Error, code = 7, "failed"));
    });

    let line = &lines[0];
    assert_eq!(
        (line.field("code"), line.field("requestId")),
        (&7.into(), &"r-1".into())
    );
}
