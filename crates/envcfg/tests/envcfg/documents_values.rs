//! What a generated document sets is what holds when nothing is set.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::collections::BTreeMap;

use groundcrew_envcfg::{Config, Dotenv, EnvSource, FieldSpec, Sources, Vars};
use serde_json::Value;

use crate::documents::{interpolated, yaml};

/// Has defaults of which a document shows only a part, and some that no text says.
#[derive(Debug, Config, PartialEq)]
struct Shop {
    #[config(default = "postgres://app:dev@localhost/app")]
    database_url: String,
    #[config(default = "host=db user=app password=dev")]
    connection: String,
    #[config(default = "info")]
    log_level: String,
    #[config(default = "it's `id` for $HOME\n\n\"more\" \\ ")]
    banner: String,
    #[config(default = "a }")]
    bracket: String,
    #[config(default = vec![String::from("a,b"), String::from("c")])]
    words: Vec<String>,
    #[config(default = vec![String::from(" a")])]
    indented: Vec<String>,
    #[config(default = vec![String::new(), String::from("a")])]
    gaps: Vec<String>,
    #[config(default = vec![String::from("a"), String::from("b c")])]
    plain: Vec<String>,
    #[config(default = f64::INFINITY)]
    limit: f64,
    #[config(default(production = 20), default = 5)]
    pool_size: u32,
    #[config(nested, prefix = "REPLICA_")]
    replica: Option<Replica>,
    #[config(nested, prefix = "QUEUE_")]
    queue: Queue,
}

#[derive(Debug, Config, PartialEq)]
struct Replica {
    url: String,
    #[config(default = 3)]
    retries: u32,
}

#[derive(Debug, Config, PartialEq)]
#[config(default)]
struct Queue {
    broker: String,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            broker: String::from("amqp://guest:guest@mq/"),
        }
    }
}

#[test]
fn a_default_with_a_password_is_known_to_be_masked() {
    let fields = Shop::fields();

    let masked: Vec<(&str, Option<&str>)> = fields
        .iter()
        .filter(|spec| spec.default_is_masked)
        .map(|spec| (spec.name.as_str(), spec.default.as_deref()))
        .collect();
    assert_eq!(
        masked,
        [
            ("DATABASE_URL", Some("postgres://app:***@localhost/app")),
            ("CONNECTION", Some("host=db user=app password=***")),
            ("QUEUE_BROKER", Some("amqp://guest:***@mq/")),
        ]
    );
}

fn assert_changes_nothing(document: &str, source: &impl EnvSource) {
    let unset = Shop::from_source(&Vars::new()).unwrap();
    let set = Shop::from_source(source).map_err(|report| report.to_string());

    assert_eq!(set, Ok(unset), "{document}");
}

fn vars(map: &Value) -> Vars {
    let map: BTreeMap<String, String> = serde_json::from_value(map.clone()).unwrap();
    map.into_iter().collect()
}

#[test]
fn the_values_of_a_config_map_change_nothing() {
    let map = Shop::docs().kubernetes().config_map();
    let set = yaml(&map);

    assert_changes_nothing(&map, &vars(&set["data"]));
    assert_eq!(
        (&set["data"]["LOG_LEVEL"], &set["data"]["PLAIN"]),
        (&"info".into(), &"a,b c".into())
    );
    assert!(
        map.contains("# default: amqp://guest:***@mq/\n  # QUEUE_BROKER: \"\"\n"),
        "{map}"
    );
}

#[test]
fn the_values_of_a_compose_part_change_nothing() {
    let text = Shop::docs().compose().to_string();
    let compose = yaml(&text);

    let environment = compose["services"]["app"]["environment"].as_object().unwrap();
    let given = BTreeMap::new();
    let vars: Vars = environment
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), interpolated(name, value, &given)?)))
        .collect();
    assert_changes_nothing(&text, &vars);
    assert!(
        text.contains("# default: amqp://guest:***@mq/\n      QUEUE_BROKER:\n"),
        "{text}"
    );
    let given = BTreeMap::from([(String::from("QUEUE_BROKER"), String::from("amqp://mq/"))]);
    assert_eq!(
        interpolated("QUEUE_BROKER", &environment["QUEUE_BROKER"], &given).as_deref(),
        Some("amqp://mq/")
    );
}

#[test]
fn the_lines_of_an_example_file_change_nothing_even_without_their_marks() {
    let text = Shop::docs().env_example().to_string();

    assert_changes_nothing(&text, &Dotenv::text(".env", text.clone()));
    let shown = uncommented(&text, &Shop::fields());
    assert!(
        shown.contains("\nPOOL_SIZE=5\n") && shown.contains("\nQUEUE_BROKER=\n"),
        "{shown}"
    );
    assert_changes_nothing(&shown, &Dotenv::text(".env", shown.clone()));
}

/// The file with every variable set that stands behind a mark, but those of a group, which is there as a whole or
/// not at all.
fn uncommented(text: &str, fields: &[FieldSpec]) -> String {
    let mut out = text.to_owned();
    for spec in fields.iter().filter(|spec| spec.group.is_empty()) {
        let start = out.find(&format!("# {}=", spec.name)).unwrap();
        let end = out[start..].find("\n\n").map_or(out.len(), |end| start + end);
        let lines: Vec<&str> = out[start..end]
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap())
            .collect();
        out.replace_range(start..end, &(lines.join("\n") + "\n"));
    }
    out
}

#[cfg(feature = "json")]
#[test]
fn the_defaults_of_a_schema_change_nothing() {
    let text = Shop::docs().json_schema().to_string();
    let schema: Value = serde_json::from_str(&text).unwrap();

    let properties = schema["properties"].as_object().unwrap();
    let vars: Vars = properties
        .iter()
        .filter_map(|(name, property)| Some((name.clone(), property["default"].as_str()?.to_owned())))
        .collect();
    assert_changes_nothing(&text, &vars);
    assert_eq!(properties["LOG_LEVEL"]["default"], "info");
    assert_eq!(
        properties["QUEUE_BROKER"]["description"],
        "default: amqp://guest:***@mq/"
    );
}

#[derive(Debug, Config, PartialEq)]
struct Named {
    name: String,
    nickname: Option<String>,
}

#[test]
fn an_empty_text_of_the_resources_is_a_value_to_those_who_allow_it_and_a_compose_part_has_none() {
    let map = yaml(&Named::docs().kubernetes().config_map());
    let compose = yaml(&Named::docs().compose().to_string());

    let resources = Sources::new().with(vars(&map["data"])).allow_empty();
    let named = Named::from_source(&resources).unwrap();
    assert_eq!(
        named,
        Named {
            name: String::new(),
            nickname: None
        }
    );
    assert_eq!(
        compose["services"]["app"]["environment"],
        serde_json::json!({"NAME": "${NAME:?must be set}", "NICKNAME": null})
    );
}
