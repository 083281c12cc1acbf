//! `logstash.conf`, read by Logstash's grammar, and the types of `elasticsearch.json` over real lines.

use std::{collections::BTreeMap, net::IpAddr};

use groundcrew_logging::Profile;
use serde_json::{Value, json};

use super::{deployed, error_lines, reader::read, real_lines, utc_instant};

/// What the grammar makes of each text; null if it is no pipeline.
fn parsed(texts: &[&str]) -> Vec<Value> {
    let Value::Array(trees) = read(
        "logstash-pipeline-parser",
        include_str!("logstash.py"),
        &json!(texts),
    ) else {
        panic!("no list");
    };
    trees
}

/// The options of each plugin of `tree`, by the path to it.
fn options(tree: &Value) -> BTreeMap<String, BTreeMap<&str, &Value>> {
    let mut options = BTreeMap::new();
    for section in tree.as_array().unwrap() {
        for plugin in section[1].as_array().unwrap() {
            let path = format!("{}/{}", text(&section[0]), text(&plugin[0]));
            add(path, &plugin[1], &mut options);
        }
    }
    options
}

fn add<'a>(path: String, pairs: &'a Value, options: &mut BTreeMap<String, BTreeMap<&'a str, &'a Value>>) {
    let mut own = BTreeMap::new();
    for pair in pairs.as_array().unwrap() {
        let (name, value) = (text(&pair[0]), &pair[1][0]);
        // The codec is a plugin with options of its own.
        if name == "codec" {
            let codec = format!("{path}/codec/{}", text(&value[0]));
            add(codec, &value[1], options);
        } else {
            own.insert(name, value);
        }
    }
    options.insert(path, own);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn logstash_reads_its_pipeline_and_each_plugin_has_the_options_that_are_set() {
    let trees = parsed(&[&deployed("logstash.conf")]);

    let options = options(&trees[0]);

    let plugins: Vec<&str> = options.keys().map(String::as_str).collect();
    assert_eq!(
        plugins,
        ["input/file", "input/file/codec/json", "output/elasticsearch"]
    );
    for (plugin, set) in &options {
        let known = KNOWN.iter().find(|(name, _)| name == plugin).unwrap().1;
        for name in set.keys() {
            assert!(known.contains(name), "{plugin} has no {name}");
        }
    }
    let file = &options["input/file"];
    assert_eq!(*file["path"], "/var/log/app/combined*.log");
    assert_eq!(
        (text(file["mode"]), text(file["start_position"])),
        ("tail", "beginning")
    );
    let codec = &options["input/file/codec/json"];
    for plugin in [file, codec] {
        assert_eq!(*plugin["ecs_compatibility"], "disabled");
    }
    let output = &options["output/elasticsearch"];
    assert_eq!(*output["template_api"], "composable");
    assert!(text(output["template"]).ends_with("/elasticsearch.json"));
    let pattern = template()["index_patterns"][0].clone();
    let prefix = text(&pattern).strip_suffix('*').unwrap();
    assert!(text(output["index"]).starts_with(prefix));
}

/// The options of the file input 4.4, the JSON codec 3.1 and the Elasticsearch output 12.
const KNOWN: [(&str, &[&str]); 3] = [
    (
        "input/file",
        &[
            "add_field",
            "check_archive_validity",
            "close_older",
            "delimiter",
            "discover_interval",
            "ecs_compatibility",
            "enable_metric",
            "exclude",
            "exit_after_read",
            "file_chunk_count",
            "file_chunk_size",
            "file_completed_action",
            "file_completed_log_path",
            "file_sort_by",
            "file_sort_direction",
            "id",
            "ignore_older",
            "max_open_files",
            "mode",
            "path",
            "sincedb_clean_after",
            "sincedb_path",
            "sincedb_write_interval",
            "start_position",
            "stat_interval",
            "tags",
            "type",
        ],
    ),
    (
        "input/file/codec/json",
        &["charset", "ecs_compatibility", "enable_metric", "id", "target"],
    ),
    (
        "output/elasticsearch",
        &[
            "action",
            "api_key",
            "cloud_auth",
            "cloud_id",
            "compression_level",
            "custom_headers",
            "data_stream",
            "document_id",
            "ecs_compatibility",
            "hosts",
            "id",
            "ilm_enabled",
            "ilm_pattern",
            "ilm_policy",
            "ilm_rollover_alias",
            "index",
            "manage_template",
            "password",
            "pipeline",
            "pool_max",
            "proxy",
            "retry_initial_interval",
            "retry_max_interval",
            "routing",
            "ssl_certificate_authorities",
            "ssl_enabled",
            "ssl_verification_mode",
            "template",
            "template_api",
            "template_name",
            "template_overwrite",
            "timeout",
            "user",
        ],
    ),
];

#[test]
fn the_grammar_refuses_what_is_no_pipeline() {
    let real = deployed("logstash.conf");
    let broken = [
        real.replace("=>", "="),
        real.replacen('}', "", 1),
        real.replace("input", "inputs"),
        real.replace("\"tail\"", "\"tail"),
        real.replace("mode =>", "mode => =>"),
    ];

    let texts: Vec<&str> = broken.iter().map(String::as_str).collect();

    assert_eq!(parsed(&texts), vec![Value::Null; broken.len()]);
}

fn template() -> Value {
    serde_json::from_str(&deployed("elasticsearch.json")).unwrap()
}

/// The types that the Elastic Common Schema 9.4 gives the fields that lines have.
const ECS: [(&str, &str); 19] = [
    ("@timestamp", "date"),
    ("client.ip", "ip"),
    ("ecs.version", "keyword"),
    ("error.message", "match_only_text"),
    ("error.stack_trace", "wildcard"),
    ("error.type", "keyword"),
    ("http.request.id", "keyword"),
    ("log.level", "keyword"),
    ("log.logger", "keyword"),
    ("log.origin.file.line", "long"),
    ("log.origin.file.name", "keyword"),
    ("message", "match_only_text"),
    ("service.environment", "keyword"),
    ("service.name", "keyword"),
    ("service.version", "keyword"),
    ("span.id", "keyword"),
    ("trace.id", "keyword"),
    ("user.id", "keyword"),
    ("user_agent.original", "keyword"),
];

#[test]
fn the_index_has_the_types_of_the_schema_for_all_its_fields_on_real_lines() {
    let template = template();
    let properties = template["template"]["mappings"]["properties"]
        .as_object()
        .unwrap();

    let types: Vec<(&str, &str)> = properties
        .iter()
        .map(|(name, property)| match text(&property["type"]) {
            // A date with the microseconds of a line.
            "date_nanos" => (name.as_str(), "date"),
            kind => (name.as_str(), kind),
        })
        .collect();
    assert_eq!(types, ECS);
    let lines = real_lines(Profile::Ecs);
    for name in properties.keys() {
        assert!(
            lines.iter().any(|(_, line)| !line.field(name).is_null()),
            "no line has {name}"
        );
    }
    let dotted = |name: &String| {
        name.contains('.') && !["fields.", "changed."].iter().any(|own| name.starts_with(own))
    };
    for (_, line) in &lines {
        let unknown: Vec<String> = line
            .all()
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| dotted(name) && !properties.contains_key(name))
            .collect();
        assert_eq!(unknown, Vec::<String>::new());
    }
}

#[test]
fn no_line_is_refused_by_the_index() {
    let template = template();
    let index = &template["template"];
    // Without it `service` beside `service.name` is, as one would have to be an object; with it no value may be one.
    assert_eq!(index["mappings"]["subobjects"], false);
    // Without them a text that looks like a date makes a date of its field, and a later one is refused.
    assert_eq!(index["mappings"]["date_detection"], false);
    assert_eq!(index["settings"]["index.mapping.ignore_malformed"], true);

    let lines = real_lines(Profile::Ecs);

    assert!(
        lines
            .iter()
            .any(|(_, line)| *line.field("service") == "of the event")
    );
    for (_, line) in lines.iter().chain(&error_lines(Profile::Ecs)) {
        for (name, value) in line.all() {
            let kind = &index["mappings"]["properties"][&name]["type"];
            assert!(fits(kind.as_str(), &value), "{name}: {value} is no {kind}");
        }
    }
}

fn fits(kind: Option<&str>, value: &Value) -> bool {
    match (kind, value) {
        (Some("date_nanos"), Value::String(text)) => utc_instant(text).is_some(),
        (Some("ip"), Value::String(text)) => text.parse::<IpAddr>().is_ok(),
        (Some("long"), Value::Number(number)) => number.is_i64(),
        (Some("keyword" | "match_only_text" | "wildcard"), value) => value.is_string(),
        (None, value) => !value.is_object(),
        _ => false,
    }
}
