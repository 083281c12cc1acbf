//! The documents that a configuration writes about itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails is a failed test"
)]

use std::{collections::BTreeMap, time::Duration};

use groundcrew_envcfg::{ByteSize, Config, Dotenv, EnvSource, Vars};
use serde_json::Value;

use crate::sample::{Level, REQUIRED, Redis, Sample};

fn assert_has_its_defaults(sample: &Sample) {
    assert_eq!((sample.port, sample.degrees, sample.ratio), (3000, -5, 0.5));
    assert_eq!(
        (sample.level, sample.tls, sample.separator),
        (Level::Info, true, ';')
    );
    assert_eq!(
        (sample.timeout, sample.pause),
        (Duration::from_secs(30), Duration::from_secs(5400))
    );
    assert_eq!(
        (sample.room, sample.numbers.as_slice()),
        (ByteSize::mib(1), &[1, 2][..])
    );
    assert_eq!(sample.banner, "yes: it's # \"1e3\" $HOME ");
    assert!(sample.words.is_none() && sample.address.is_none() && sample.reason.is_none());
    assert!(sample.mail_provider.is_none() && sample.mail_key.is_none() && sample.redis.is_none());
}

fn required() -> BTreeMap<String, String> {
    REQUIRED
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

#[test]
fn the_reference_says_everything_about_a_variable() {
    let markdown = Sample::docs().markdown().to_string();

    assert!(
        markdown.contains("| [`APP_URL`](#app_url) | URL |  | **yes** |\n"),
        "{markdown}"
    );
    assert!(markdown.contains("| [`REDIS_URL`](#redis_url) | text |  | sometimes |\n"));
    let section = |name: &str| {
        let start = markdown.find(&format!("## `{name}`")).unwrap();
        let rest = &markdown[start..];
        rest[..rest[2..].find("\n## ").map_or(rest.len(), |end| end + 2)].to_owned()
    };
    assert_eq!(
        section("TIMEOUT"),
        "## `TIMEOUT`\n\nHow long a request may take\n\n- Type: duration such as 30s or 1h30m\n\
         - Unit of a number without one: ms\n- Default: `30s`\n- Rule: must be between 5s and 1m\n"
    );
    assert_eq!(
        section("AUTH_SECRET"),
        "## `AUTH_SECRET`\n\nSigns the session cookies\n\n- Type: text\n- Required\n\
         - Rule: must have at least 8 characters\n- Secret: never shown\n\
         - File: `AUTH_SECRET_FILE` may name a file with the value\n- Deprecated name: `OLD_SECRET`\n"
    );
    assert_eq!(
        section("REDIS_URL"),
        "## `REDIS_URL`\n\nWhere Redis is\n\n- Type: text\n\
         - Required if one of these is set: `REDIS_CONNECTIONS`\n\
         - Rule: must start with redis:// or rediss:// and name a host\n"
    );
    assert!(section("REASON").contains("- Required if `TLS` is `false`\n"));
    assert!(section("LEVEL").contains("- Type: one of warn, info, very-much\n"));
    assert!(section("NUMBERS").contains("- Rule: each must be at most 255\n"));
}

#[test]
fn the_kubernetes_resources_load_once_the_empty_texts_are_filled_in() {
    let kubernetes = Sample::docs().kubernetes().named("lobby");

    let map = yaml(&kubernetes.config_map());
    let secret = yaml(&kubernetes.secret());

    assert_eq!(
        (&map["kind"], &map["metadata"]["name"]),
        (&"ConfigMap".into(), &"lobby".into())
    );
    assert_eq!(
        (&secret["kind"], &secret["type"]),
        (&"Secret".into(), &"Opaque".into())
    );
    assert_eq!(secret["stringData"], serde_json::json!({"AUTH_SECRET": ""}));
    let mut vars: BTreeMap<String, String> = serde_json::from_value(map["data"].clone()).unwrap();
    assert_eq!(
        (
            vars["PORT"].as_str(),
            vars["TLS"].as_str(),
            vars["APP_URL"].as_str()
        ),
        ("3000", "true", "")
    );
    assert_eq!(vars["BANNER"], "yes: it's # \"1e3\" $HOME ");
    vars.extend(required());
    assert_has_its_defaults(&Sample::from_source(&vars.into_iter().collect::<Vars>()).unwrap());
}

#[test]
fn an_unfilled_resource_is_refused_by_the_load() {
    let map = yaml(&Sample::docs().kubernetes().config_map());
    let vars: BTreeMap<String, String> = serde_json::from_value(map["data"].clone()).unwrap();

    let report = Sample::from_source(&vars.into_iter().collect::<Vars>()).unwrap_err();

    let missing: Vec<Option<&str>> = report.iter().map(|problem| problem.variable()).collect();
    assert_eq!(missing, [Some("APP_URL"), Some("REGION"), Some("AUTH_SECRET")]);
}

#[test]
fn a_container_takes_the_whole_map_and_each_secret_by_name() {
    let container = yaml(&Sample::docs().kubernetes().container());

    assert_eq!(container["envFrom"][0]["configMapRef"]["name"], "app");
    let env = container["env"].as_array().unwrap();
    let keys: Vec<(&Value, bool)> = env
        .iter()
        .map(|entry| {
            let reference = &entry["valueFrom"]["secretKeyRef"];
            assert_eq!(entry["name"], reference["key"]);
            (&reference["key"], reference["optional"] == true)
        })
        .collect();
    assert_eq!(keys, [(&"AUTH_SECRET".into(), false), (&"MAIL_KEY".into(), true)]);
}

#[test]
fn the_compose_part_loads_with_what_its_caller_sets() {
    let text = Sample::docs().compose().service("lobby").to_string();
    let compose = yaml(&text);

    let service = &compose["services"]["lobby"];
    assert_eq!(service["secrets"], serde_json::json!(["auth_secret"]));
    assert_eq!(compose["secrets"]["auth_secret"]["file"], "./secrets/auth_secret");
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("auth_secret");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let given = required();
    let environment = service["environment"].as_object().unwrap();
    let vars: Vars = environment
        .iter()
        .filter_map(|(name, value)| {
            let secret = value.as_str().and_then(|text| text.strip_prefix("/run/secrets/"));
            let path = secret.map(|file| directory.path().join(file).display().to_string());
            Some((name.clone(), path.or_else(|| interpolated(name, value, &given))?))
        })
        .collect();
    assert_has_its_defaults(&Sample::from_source(&vars).unwrap());
}

/// What compose makes of `NAME:`, which passes on what its caller has, of `${NAME:-default}` and `${NAME:?message}`.
pub(crate) fn interpolated(name: &str, value: &Value, given: &BTreeMap<String, String>) -> Option<String> {
    let Some(value) = value.as_str() else {
        assert!(value.is_null(), "{value}");
        return given.get(name).cloned();
    };
    let inner = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap();
    let (inner_name, rest) = inner.split_once(':').unwrap();
    assert!(inner_name == name && !rest.contains(['$', '}', '\n']), "{value}");
    match (given.get(name), rest.split_at(1)) {
        (Some(value), _) => Some(value.clone()),
        (None, ("-", default)) => Some(default.to_owned()),
        _ => panic!("{name} must be set"),
    }
}

#[test]
fn the_example_file_loads_once_the_required_ones_are_filled_in() {
    let text = Sample::docs().env_example().to_string();

    let shown: String = text
        .lines()
        .map(
            |line| match line.strip_prefix("# ").filter(|rest| is_assignment(rest)) {
                Some(assignment) => format!("{assignment}\n"),
                None => format!("{line}\n"),
            },
        )
        .collect();
    for file in [text, shown] {
        let file = Dotenv::text(".env.example", file);
        assert_eq!(file.problems(), []);
        let vars: Vars = required().into_iter().collect();
        assert_has_its_defaults(&Sample::from_source(&(vars, file)).unwrap());
    }
}

/// Whether a comment is a variable with its default, and in no optional group: that is all there or not at all.
fn is_assignment(line: &str) -> bool {
    let name = line.split_once('=').map_or("", |(name, _)| name);
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_name && !name.is_empty() && !name.starts_with("REDIS_")
}

#[test]
fn no_document_holds_the_default_of_a_secret() {
    #[derive(Debug, Config)]
    struct Careless {
        #[config(default = "canary-7f3a")]
        api_token: String,
        #[config(default = "postgres://app:canary-7f3a@db/x")]
        database_url: String,
    }

    let docs = Careless::docs();
    let all = [
        docs.markdown().to_string(),
        docs.env_example().to_string(),
        docs.kubernetes().to_string(),
        docs.kubernetes().container(),
        docs.compose().to_string(),
        format!("{docs:?}"),
    ];
    #[cfg(feature = "json")]
    let all = all.into_iter().chain([docs.json_schema().to_string()]);

    for text in all {
        assert!(!text.contains("canary-7f3a"), "{text}");
    }
    let careless = Careless::from_source(&Vars::new()).unwrap();
    assert!(careless.api_token.len() + careless.database_url.len() > 20);
}

#[test]
fn a_stale_file_is_told_from_its_first_different_line_on_and_written_on_request() {
    use groundcrew_envcfg::docs::check_current;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("docs/config.md");
    let check = |vars: Vars, text: &str| check_current(&vars, directory.path(), "docs/config.md", text);

    let absent = check(Vars::new(), "one\ntwo\n").unwrap_err().to_string();
    assert!(
        absent.ends_with("entity not found\nrun the test again with UPDATE_DOCS=1 to write it"),
        "{absent}"
    );
    check(Vars::from([("UPDATE_DOCS", "1")]), "one\ntwo\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    check(Vars::new(), "one\ntwo\n").unwrap();
    std::fs::write(&path, "one\r\ntwo\r\n").unwrap();
    check(Vars::from([("UPDATE_DOCS", "0")]), "one\ntwo\n").unwrap();
    let stale = check(Vars::new(), "one\n2\n").unwrap_err().to_string();
    assert_eq!(
        stale,
        format!(
            "{} is out of date from line 2 on:\n  the file has two\n  the code says 2\n\
             run the test again with UPDATE_DOCS=1 to write it",
            path.display()
        )
    );
    let shorter = check(Vars::new(), "one\n").unwrap_err().to_string();
    assert!(shorter.contains("the code says (no such line)"), "{shorter}");
}

#[test]
fn the_macro_passes_on_a_current_file_and_fails_on_a_stale_one() {
    groundcrew_envcfg::assert_current!("tests/envcfg/redis.env.example", Redis::docs().env_example());

    let failed = std::panic::catch_unwind(|| {
        groundcrew_envcfg::assert_current!("tests/envcfg/redis.env.example", "something else");
    });

    let message = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.contains("redis.env.example is out of date from line 1 on"),
        "{message}"
    );
}

#[test]
fn documents_tell_defaults_of_profiles_deprecations_and_conditions_with_prefixes() {
    let docs = Outer::docs();

    let markdown = docs.markdown().to_string();
    let start = markdown.find("## `POOL_SIZE`").unwrap();
    assert_eq!(
        &markdown[start..],
        "## `POOL_SIZE`\n\n- Type: integer\n- Default: `5`\n- Default in production: `20`\n\n\
         ## `POOL_LABEL`\n\n- Type: text\n- Deprecated: nothing reads it\n- Required if `POOL_SIZE` is `1`\n"
    );
    let example = docs.env_example().to_string();
    assert!(
        example.contains("# default in production: 20\n# POOL_SIZE=5\n"),
        "{example}"
    );
    let map = yaml(&docs.kubernetes().config_map());
    assert_eq!(map["data"], serde_json::json!({"NODE_ENV": "development"}));
    let compose = yaml(&docs.compose().to_string());
    assert_eq!(
        compose["services"]["app"]["environment"]["POOL_SIZE"],
        Value::Null
    );
}

#[derive(Debug, Config)]
struct Outer {
    #[config(profile, default = "development")]
    node_env: String,
    #[config(nested, prefix = "POOL_")]
    pool: Pool,
}

#[derive(Debug, Config)]
struct Pool {
    #[config(default(production = 20), default = 5)]
    size: u32,
    #[config(deprecated = "nothing reads it", required_if(SIZE = "1"))]
    label: Option<String>,
}

#[test]
fn the_outer_sample_loads() {
    let outer = Outer::from_source(&Vars::from([("NODE_ENV", "production")])).unwrap();

    assert_eq!(
        (outer.node_env.as_str(), outer.pool.size, outer.pool.label),
        ("production", 20, None)
    );
}

/// Has a default in some profiles only, and names that it had before.
#[derive(Debug, Config)]
struct Partly {
    #[config(profile, default = "development")]
    node_env: String,
    #[config(default(development = "localhost", test = "127.0.0.1"))]
    host: String,
    #[config(default(development = "let-me-in"))]
    api_token: String,
    #[config(
        alias("HTTP_PORT", since = "1.4", until = "2.0"),
        alias = "LISTEN",
        default = 80
    )]
    port: u16,
}

#[test]
fn what_a_profile_has_a_default_for_need_not_be_filled_in() {
    let docs = Partly::docs();

    let compose = yaml(&docs.compose().to_string());
    let service = &compose["services"]["app"];
    assert_eq!(
        service["environment"],
        serde_json::json!({
            "NODE_ENV": "${NODE_ENV:-development}",
            "HOST": null,
            "API_TOKEN": null,
            "PORT": "${PORT:-80}",
        })
    );
    assert_eq!(
        (&service["secrets"], &compose["secrets"]),
        (&Value::Null, &Value::Null)
    );
    let environment = service["environment"].as_object().unwrap();
    let vars: Vars = environment
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), interpolated(name, value, &BTreeMap::new())?)))
        .collect();
    let partly = Partly::from_source(&vars).unwrap();
    assert_eq!((partly.node_env.as_str(), partly.port), ("development", 80));
    assert_eq!(
        (partly.host.as_str(), partly.api_token.as_str()),
        ("localhost", "let-me-in")
    );

    let kubernetes = docs.kubernetes();
    let map = yaml(&kubernetes.config_map());
    assert_eq!(
        map["data"],
        serde_json::json!({"NODE_ENV": "development", "PORT": "80"})
    );
    assert_eq!(yaml(&kubernetes.secret())["stringData"], serde_json::json!({}));
    let container = yaml(&kubernetes.container());
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"]["optional"], true);
    let example = docs.env_example().to_string();
    assert!(
        example.contains("\n# HOST=\n") && example.contains("\n# API_TOKEN=\n"),
        "{example}"
    );
}

#[test]
fn documents_tell_that_only_some_profiles_require_a_variable() {
    let docs = Partly::docs();

    let markdown = docs.markdown().to_string();
    assert!(
        markdown.contains("| [`HOST`](#host) | text |  | sometimes |\n"),
        "{markdown}"
    );
    assert!(
        markdown.contains(
            "- Default in development: `localhost`\n- Default in test: `127.0.0.1`\n\
             - Required, except in development, test\n"
        ),
        "{markdown}"
    );
    assert!(
        markdown.contains("- Default in development: `***`\n- Required, except in development\n"),
        "{markdown}"
    );
    let example = docs.env_example().to_string();
    assert!(
        example.contains("# required, except in development\n# secret\n") && !example.contains("let-me-in"),
        "{example}"
    );
}

#[test]
fn documents_tell_since_when_and_until_when_an_old_name_is_read() {
    let docs = Partly::docs();

    let markdown = docs.markdown().to_string();
    assert!(
        markdown.ends_with(
            "- Deprecated name: `HTTP_PORT`, since 1.4, no longer read from 2.0 on\n- Deprecated name: `LISTEN`\n"
        ),
        "{markdown}"
    );
    let facts = [
        "deprecated name: HTTP_PORT, since 1.4, no longer read from 2.0 on\n",
        "deprecated name: LISTEN\n",
    ];
    let commented = [
        docs.env_example().to_string(),
        docs.compose().to_string(),
        docs.kubernetes().config_map(),
    ];
    for text in &commented {
        assert!(
            facts.iter().all(|fact| text.contains(&format!("# {fact}"))),
            "{text}"
        );
    }
    #[cfg(feature = "json")]
    {
        let schema: Value = serde_json::from_str(&docs.json_schema().to_string()).unwrap();
        assert_eq!(
            schema["properties"]["HTTP_PORT"]["description"],
            "Deprecated name of PORT, since 1.4, no longer read from 2.0 on"
        );
    }
}
