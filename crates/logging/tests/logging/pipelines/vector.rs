//! The program in `vector.toml`, run by Vector's own language over real lines in every profile.

use std::iter::zip;

use groundcrew_logging::{LoggingConfig, Profile};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{deployed, level_of, reader::read, real_lines};
use crate::capture::{Line, PROFILES};

/// What the remap makes of lines as the file source hands them over.
fn remapped(lines: &[String]) -> Vec<Value> {
    let program = configuration()["transforms"]["parsed"]["source"]
        .as_str()
        .unwrap()
        .to_owned();
    let events: Vec<Value> = lines
        .iter()
        .map(|line| json!({"message": line, "file": "/var/log/app/combined.log", "source_type": "file"}))
        .collect();
    let task = json!({
        "program": format!(".timestamp = t'2001-01-01T00:00:00Z'\n{program}\n{SHOWN}"),
        "events": events,
    });
    let Value::Array(events) = read("vrl-python", include_str!("vrl.py"), &task) else {
        panic!("no list");
    };
    assert_eq!(events.len(), lines.len());
    events
}

/// Shows the metadata, and fails unless the event's time is one of Vector's.
const SHOWN: &str =
    r#". = {"event": ., "labels": %, "nanos": to_unix_timestamp!(.timestamp, unit: "nanoseconds")}"#;
const READ_AT: i64 = 978_307_200_000_000_000;

fn configuration() -> toml::Table {
    deployed("vector.toml").parse().unwrap()
}

/// The name of the time, and what it is.
fn time(line: &Line, profile: Profile) -> (&'static str, i128) {
    let name = match profile {
        Profile::Ecs => "@timestamp",
        Profile::Gcp => "time",
        Profile::OpenTelemetry => "Timestamp",
        _ => "timestamp",
    };
    let text = line.field(name).as_str().unwrap();
    let nanos = text
        .parse()
        .unwrap_or_else(|_| text.parse::<Timestamp>().unwrap().as_nanosecond());
    (name, nanos)
}

/// The fields of a line but for `timestamp`, with numbers as VRL has them, whose integers have 64 bits and a sign.
fn fields(line: &Line, profile: Profile) -> Map<String, Value> {
    let mut fields = line.all();
    let timestamp = fields.remove("timestamp");
    if let Some(own) = timestamp.filter(|_| time(line, profile).0 != "timestamp") {
        fields.insert("fields.timestamp".to_owned(), own);
    }
    for value in fields.values_mut() {
        signed(value);
    }
    fields
}

fn signed(value: &mut Value) {
    match value {
        Value::Object(pairs) => pairs.values_mut().for_each(signed),
        Value::Number(number) if number.as_i64().is_none() => *value = json!(number.as_f64()),
        _ => {}
    }
}

#[test]
fn every_line_of_every_profile_has_its_time_and_labels_and_keeps_its_fields() {
    for profile in PROFILES {
        let lines = real_lines(profile);
        let texts: Vec<String> = lines.iter().map(|(text, _)| text.clone()).collect();

        for ((text, line), result) in zip(&lines, remapped(&texts)) {
            let (_, nanos) = time(line, profile);
            assert_eq!(i128::from(result["nanos"].as_i64().unwrap()), nanos, "{text}");
            let mut event = result["event"].as_object().unwrap().clone();
            event.remove("timestamp");
            assert_eq!(event, fields(line, profile), "{profile}");
            let is_of_the_event = text.contains("names that are ours")
                && matches!(profile, Profile::Default | Profile::Datadog);
            let service = if is_of_the_event { "of the event" } else { "poker" };
            assert_eq!(
                result["labels"],
                json!({"service": service, "environment": "production", "level": level_of(line, profile)}),
                "{text}"
            );
        }
    }
}

#[test]
fn what_is_no_line_of_the_service_goes_on_as_it_was_read() {
    let strange = [
        "thread 'main' has overflowed its stack",
        r#"{"timestamp":"2026-11-22T14:00:0"#,
        "",
        "null",
        "{}",
        "[1]",
        "\u{feff}\"Zoë\"",
    ];

    for (text, result) in zip(strange, remapped(&strange.map(str::to_owned))) {
        assert_eq!(result["event"]["message"], text);
        assert_eq!(result["event"]["file"], "/var/log/app/combined.log");
        assert_eq!(result["nanos"], READ_AT, "{text}");
        assert_eq!(
            result["labels"],
            json!({"service": "unknown", "environment": "unknown", "level": "unknown"})
        );
    }
}

#[test]
fn a_line_without_a_time_that_can_be_read_has_the_one_of_its_reading() {
    let lines = [
        json!({"timestamp": "yesterday", "level": "warn", "service": 7}),
        json!({"level": "info", "message": "of somebody else"}),
    ];

    let results = remapped(&lines.map(|line| line.to_string()));

    for (result, level) in zip(&results, ["warn", "info"]) {
        assert_eq!(result["nanos"], READ_AT);
        assert_eq!(
            result["labels"],
            json!({"service": "unknown", "environment": "unknown", "level": level})
        );
    }
    assert_eq!(results[1]["event"]["message"], "of somebody else");
}

#[test]
fn the_source_and_the_sink_fit_the_files_and_the_program() {
    let vector = configuration();

    let source = &vector["sources"]["app"];
    let include = source["include"].as_array().unwrap();
    assert_eq!(include, &[toml::Value::from("/var/log/app/combined*.log")]);
    let most = source["max_line_bytes"].as_integer().unwrap();
    assert!(u64::try_from(most).unwrap() > LoggingConfig::default().max_line.bytes());
    assert_eq!(
        vector["transforms"]["parsed"]["inputs"],
        toml::Value::from(vec!["app"])
    );
    let sink = vector["sinks"]["loki"].as_table().unwrap();
    assert_eq!(sink["inputs"], toml::Value::from(vec!["parsed"]));
    // Vector 0.57 does not start without it, as labels here are nothing but a reference.
    assert_eq!(
        sink["dangerously_allow_unconfined_template_resolution"].as_bool(),
        Some(true)
    );
    let labels = sink["labels"].as_table().unwrap();
    let names: Vec<&str> = labels.keys().map(String::as_str).collect();
    assert_eq!(names, ["environment", "level", "service"]);
    for (name, template) in labels {
        assert_eq!(template.as_str().unwrap(), format!("{{{{ %{name} }}}}"));
    }
    let is_template = |value: &toml::Value| value.as_str().is_some_and(|text| text.contains("{{"));
    assert!(sink.values().all(|value| !is_template(value)));
}
