//! The order of the fields that Elastic's specification wants: `@timestamp`, `log.level`, `message`, then the others.

use std::time::SystemTime;

use groundcrew_base::{ByteSize, ManualClock};
use groundcrew_logging::{Flood, Format, Location, Logging, LoggingConfig, Profile};
use tracing::{Level, debug, error, info, info_span, subscriber::with_default, trace, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::Kept;

/// The text of the lines that `work` logs.
fn ecs(location: Location, work: impl FnOnce()) -> String {
    let kept = Kept::default();
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.level = Level::TRACE.into();
    config.profile = Profile::Ecs;
    config.location = location;
    config.max_line = ByteSize::kib(1);
    config.flood = Flood::per_callsite(1, 1);
    let builder = Logging::builder()
        .config(config)
        .clock(ManualClock::new(SystemTime::UNIX_EPOCH).clock())
        .sink("kept", Level::TRACE, kept.clone());
    let (layer, logging) = builder.build().unwrap();
    with_default(Registry::default().with(layer), work);
    drop(logging);
    // The parser refuses what is no JSON, and a name that stands twice.
    kept.lines();
    kept.text()
}

fn begins(level: &str, message: &str) -> String {
    format!(
        "{{\"@timestamp\":\"1970-01-01T00:00:00.000000Z\",\"log.level\":\"{level}\",\"message\":\"{message}\""
    )
}

#[cfg(feature = "log")]
fn record() {
    let record = log::Record::builder()
        .level(log::Level::Warn)
        .target("bridged")
        .args(format_args!("of the log crate"))
        .file(Some("src/lib.rs"))
        .line(Some(7))
        .build();
    tracing_log::format_trace(&record).unwrap();
}

#[test]
fn time_level_and_message_come_first_whatever_the_event() {
    for location in [Location::Hidden, Location::Shown] {
        let text = ecs(location, || {
            let _span = info_span!("request", trace_id = "t", message = "of the span").entered();
            info!(seat = 3, "first");
            debug!(seat = 3, message = "in the middle", table = 4);
            error!(severity = "critical", "critical");
            error!(severity = "high", "not critical");
            warn!(severity = "critical", "only a warning");
            trace!(seat = 3);
            info!("");
            info!("\"quoted\" \u{e9}\n");
            #[cfg(feature = "log")]
            record();
        });

        let expected = [
            ("info", "first"),
            ("debug", "in the middle"),
            ("critical", "critical"),
            ("error", "not critical"),
            ("warn", "only a warning"),
            ("trace", ""),
            ("info", ""),
            ("info", r#"\"quoted\" é\n"#),
            #[cfg(feature = "log")]
            ("warn", "of the log crate"),
        ];
        assert_eq!(text.lines().count(), expected.len(), "{text}");
        for (line, (level, message)) in text.lines().zip(expected) {
            let begins = begins(level, message);
            assert!(line.starts_with(&begins), "{begins}: {line}");
        }
    }
}

#[test]
fn a_message_that_is_cut_is_third_too() {
    let text = ecs(Location::Hidden, || {
        error!(seat = 3, "{}", "m".repeat(4000));
        info!(long = "x".repeat(4000), message = "no room");
    });

    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with(&begins("error", &"m".repeat(500))[..500]),
        "{text}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line.len() < 1024 && line.ends_with("\"truncated\":true}")),
        "{text}"
    );
}

#[test]
fn what_logging_says_of_itself_has_that_order_too() {
    let text = ecs(Location::Hidden, || {
        for _ in 0..2 {
            info!("twice");
        }
    });

    let summary = text.lines().last().unwrap();
    let begins = begins("warn", "events were suppressed");
    assert!(
        summary.starts_with(&(begins + ",\"log.logger\":\"groundcrew::logging\"")),
        "{summary}"
    );
}
