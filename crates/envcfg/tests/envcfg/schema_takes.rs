//! The JSON Schema refuses nothing that a load takes, and every validator can read it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
};

use groundcrew_envcfg::{Config, Profile, Secret, Vars, docs::Docs};
use jsonschema::Validator;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sample::Sample;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Region {
    Eu,
    Us,
    #[serde(other)]
    Elsewhere,
}

static HYPHEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\-a]\-b$").unwrap());
static SIGNS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\@\:\#b$").unwrap());
static BRACKET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[]a]b$").unwrap());
static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^v[0-9]+\.[0-9]+$").unwrap());

#[derive(Debug, Config)]
struct Broad {
    node_env: Option<Profile>,
    region: Option<Region>,
    regions: Option<Vec<Region>>,
    #[validate(url)]
    homepage: Option<String>,
    base: Option<url::Url>,
    #[validate(email)]
    contact: Option<String>,
    #[validate(ip(v6 = true))]
    listen: Option<String>,
    #[validate(regex(path = *HYPHEN))]
    hyphen: Option<String>,
    #[validate(regex(path = *SIGNS))]
    signs: Option<String>,
    #[validate(regex(path = *BRACKET))]
    bracket: Option<String>,
    #[validate(regex(path = *VERSION))]
    version: Option<String>,
}

impl Broad {
    /// How many values it has.
    fn count(&self) -> usize {
        let texts = [
            &self.homepage,
            &self.contact,
            &self.listen,
            &self.hyphen,
            &self.signs,
            &self.bracket,
            &self.version,
        ];
        texts.into_iter().flatten().count()
            + usize::from(self.node_env.is_some())
            + usize::from(self.region.is_some())
            + usize::from(self.regions.is_some())
            + usize::from(self.base.is_some())
    }
}

fn parsed(docs: &Docs) -> Value {
    serde_json::from_str(&docs.json_schema().to_string()).unwrap()
}

/// Asserts formats too, as some validators do.
fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).unwrap();
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap()
}

#[test]
fn what_loads_is_valid() {
    let validator = validator(&parsed(&Broad::docs()));
    let cases = [
        ("NODE_ENV", "prod"),
        ("NODE_ENV", "DEV"),
        ("NODE_ENV", "Stage"),
        ("NODE_ENV", "production"),
        ("REGION", "eu"),
        ("REGION", "Mars"),
        ("REGIONS", "eu, mars,Us"),
        ("HOMEPAGE", "https://bücher.example/über uns"),
        ("HOMEPAGE", "ht\ntps://a.example"),
        ("BASE", "https://bücher.example/ä"),
        ("BASE", "h\tttp://a.example"),
        ("CONTACT", "me@bücher.example"),
        ("CONTACT", "a..b@example.org"),
        ("CONTACT", "ops@[::1]"),
        ("LISTEN", "::ffff:1.2.3.4"),
        ("HYPHEN", "a-b"),
        ("SIGNS", "@:#b"),
        ("BRACKET", "]b"),
        ("VERSION", "v1.20"),
    ];

    for (name, value) in cases {
        let loaded = Broad::from_source(&Vars::from([(name, value)])).map(|broad| broad.count());
        assert_eq!(
            loaded.map_err(|report| report.to_string()),
            Ok(1),
            "{name}={value:?}"
        );
        assert!(validator.is_valid(&json!({name: value})), "{name}={value:?}");
    }
}

#[test]
fn what_the_schema_can_say_is_still_refused() {
    let validator = validator(&parsed(&Broad::docs()));
    let cases = [
        ("NODE_ENV", "prd"),
        ("NODE_ENV", "productions"),
        ("HOMEPAGE", "bücher.example"),
        ("BASE", "/ä"),
        ("CONTACT", "me"),
        ("CONTACT", "jürgen@example.org"),
        ("CONTACT", "a@b@example.org"),
        ("VERSION", "v1x20"),
    ];

    for (name, value) in cases {
        assert!(
            Broad::from_source(&Vars::from([(name, value)])).is_err(),
            "{name}={value:?}"
        );
        assert!(!validator.is_valid(&json!({name: value})), "{name}={value:?}");
    }
}

#[test]
fn documents_say_every_spelling_of_a_profile_and_that_any_word_is_a_region() {
    let types: Vec<String> = Broad::fields()
        .iter()
        .map(|spec| spec.value_type.to_string())
        .collect();

    assert_eq!(
        types[..3],
        [
            "one of development, dev, test, staging, stage, production, prod",
            "one of eu, us, elsewhere or any other word",
            "list of one of eu, us, elsewhere or any other word",
        ]
    );
}

#[derive(Debug, Config)]
struct Guessed {
    #[config(alias = "OLD_SECRET")]
    auth_secret: Secret,
    #[config(min_entropy = 60)]
    salt: String,
}

#[test]
fn what_is_easy_to_guess_is_refused_by_the_load_alone() {
    let validator = validator(&parsed(&Guessed::docs()));
    let good = ("hV2sT0qkW9rXz3", "hV2sT0qkW9rXz3bN");
    let cases = [
        (good, true),
        (("changeme", good.1), false),
        ((good.0, "aaaaaaaa"), false),
    ];

    for ((secret, salt), loads) in cases {
        let vars = Vars::from([("AUTH_SECRET", secret), ("SALT", salt)]);
        let loaded = Guessed::from_source(&vars).map(|guessed| (guessed.auth_secret, guessed.salt));
        assert_eq!(loaded.is_ok(), loads, "{secret} {salt}");
        assert!(validator.is_valid(&json!({"AUTH_SECRET": secret, "SALT": salt})));
    }
}

#[cfg(feature = "card")]
#[test]
fn the_check_digit_of_a_card_is_judged_by_the_load_alone() {
    #[derive(Debug, Config)]
    struct Paid {
        #[validate(credit_card)]
        card: String,
    }

    let validator = validator(&parsed(&Paid::docs()));
    for (card, loads) in [("4111111111111111", true), ("4111111111111112", false)] {
        let loaded = Paid::from_source(&Vars::from([("CARD", card)])).map(|paid| paid.card);
        assert_eq!(loaded.is_ok(), loads, "{card}");
        assert!(validator.is_valid(&json!({"CARD": card})));
    }
}

#[test]
fn every_pattern_is_one_to_node() {
    let mut patterns = Vec::new();
    for docs in [Broad::docs(), Sample::docs(), Guessed::docs()] {
        collect(&parsed(&docs), &mut patterns);
    }
    assert!(patterns.len() > 15, "{patterns:?}");

    let mut node = Command::new("node")
        .args([
            "-e",
            "JSON.parse(require('fs').readFileSync(0)).forEach(p => new RegExp(p, 'u'))",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("run `cargo xtask setup test`");
    let input = json!(patterns).to_string();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(node.wait().unwrap().success(), "{patterns:#?}");
}

/// Every value of a key `pattern`.
fn collect(schema: &Value, patterns: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            patterns.extend(map.get("pattern").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, patterns));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, patterns)),
        _ => {}
    }
}
