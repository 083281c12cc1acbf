//! A model of what Logstash's JSON codec and its event do with a line, over real ones. Logstash itself does not run here.

use groundcrew_logging::{Logging, Profile};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};
use tracing::{Level, info};

use super::{deployed, error_lines, real_lines, utc_instant};
use crate::capture::{Kept, parse, quiet, run};

/// What goes on to the output.
#[derive(Debug)]
struct Event {
    time: Timestamp,
    fields: Map<String, Value>,
}

/// The event of a line, or the tag with which the codec hands on what it cannot read.
fn event(line: &str) -> Result<Event, &'static str> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return Err("_jsonparsefailure");
    };
    // A name with brackets is no reference to a field, and `@metadata` has to be an object.
    let is_strange = |name: &String| name.contains(['[', ']']) || name == "@metadata";
    if fields.keys().any(is_strange) {
        return Err("_jsonparsefailure");
    }
    let time = fields.remove("@timestamp");
    let Some(time) = time.as_ref().and_then(Value::as_str).and_then(utc_instant) else {
        return Err("_timestampparsefailure");
    };
    let are_tags = match fields.get("tags") {
        None | Some(Value::String(_)) => true,
        Some(Value::Array(tags)) => tags.iter().all(Value::is_string),
        Some(_) => false,
    };
    if !are_tags {
        return Err("_tagsparsefailure");
    }
    Ok(Event { time, fields })
}

impl Event {
    /// The index that `logstash.conf` names for it: the date is that of the event, in UTC.
    fn index(&self) -> String {
        let pipeline = deployed("logstash.conf");
        let pattern = pipeline
            .lines()
            .find_map(|line| line.trim().strip_prefix("index => \""))
            .unwrap();
        let (prefix, date) = pattern.trim_end_matches('"').split_once("%{+").unwrap();
        assert_eq!(date, "YYYY.MM.dd}");
        let day = self.time.to_zoned(TimeZone::UTC).date();
        format!("{prefix}{:04}.{:02}.{:02}", day.year(), day.month(), day.day())
    }
}

#[test]
fn every_line_is_an_event_with_its_time_its_index_and_its_fields() {
    let start = Timestamp::now();
    let lines = real_lines(Profile::Ecs);
    let errors = error_lines(Profile::Ecs);
    let end = Timestamp::now();

    let days: Vec<String> = [start, end]
        .into_iter()
        .map(|time| format!("app-{}", time.strftime("%Y.%m.%d")))
        .collect();
    for (text, line) in lines.iter().chain(&errors) {
        let event = event(text).unwrap_or_else(|tag| panic!("{tag}: {text}"));

        // The layer reads the clock in microseconds.
        assert!(event.time >= start - jiff::SignedDuration::from_micros(1) && event.time <= end);
        assert!(
            days.contains(&event.index()),
            "{} is none of {days:?}",
            event.index()
        );
        let mut fields = line.all();
        fields.remove("@timestamp");
        assert_eq!(event.fields, fields);
    }
}

#[test]
fn the_index_changes_with_the_day_in_utc() {
    for (time, index) in [
        ("2026-12-31T23:59:59.999999Z", "app-2026.12.31"),
        ("2027-01-01T00:00:00.000000Z", "app-2027.01.01"),
    ] {
        let line = json!({ "@timestamp": time }).to_string();

        assert_eq!(event(&line).unwrap().index(), index);
    }
}

#[test]
fn names_that_logstash_has_for_itself_spoil_no_line() {
    let kept = Kept::default();
    let mut config = quiet();
    config.profile = Profile::Ecs;
    let builder = Logging::builder()
        .config(config)
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| {
        info!(
            { "@metadata" = "of the event", "@timestamp" = "never", "@version" = 2, tags = "of the event" },
            "x"
        );
    });

    let event = event(kept.text().trim_end()).unwrap();
    assert_eq!(event.fields["fields.@metadata"], "of the event");
    assert_eq!(event.fields["fields.@timestamp"], "never");
    assert_eq!(event.fields["tags"], "of the event");
    assert_eq!(parse(&kept.text()).len(), 1);
}

#[test]
fn the_model_refuses_what_logstash_does() {
    for (line, tag) in [
        ("no JSON", "_jsonparsefailure"),
        ("[1]", "_jsonparsefailure"),
        (
            r#"{"@timestamp":"2026-11-22T14:00:00.0Z","a[0]":1}"#,
            "_jsonparsefailure",
        ),
        (
            r#"{"@timestamp":"2026-11-22T14:00:00.0Z","@metadata":"x"}"#,
            "_jsonparsefailure",
        ),
        (
            r#"{"@timestamp":"07/sep/2015:07:50:54 UTC"}"#,
            "_timestampparsefailure",
        ),
        (
            r#"{"@timestamp":"2026-11-22T14:00:00.0Z","tags":7}"#,
            "_tagsparsefailure",
        ),
    ] {
        assert_eq!(event(line).unwrap_err(), tag, "{line}");
    }
}
