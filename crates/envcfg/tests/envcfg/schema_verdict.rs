//! The JSON Schema takes and refuses what the loader takes and refuses.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeMap;

use groundcrew_envcfg::{Config, Vars, docs::Docs};
use jsonschema::Validator;
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::sample::{REQUIRED, Sample};

fn parsed(docs: &Docs) -> Value {
    serde_json::from_str(&docs.json_schema().to_string()).unwrap()
}

fn validator() -> Validator {
    let schema = parsed(&Sample::docs());
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn loads(vars: &BTreeMap<String, String>) -> bool {
    Sample::from_source(&vars.clone().into_iter().collect::<Vars>()).is_ok()
}

fn is_valid(validator: &Validator, vars: &BTreeMap<String, String>) -> bool {
    let object: serde_json::Map<String, Value> = vars
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    validator.is_valid(&Value::Object(object))
}

fn with(name: &str, value: &str) -> BTreeMap<String, String> {
    REQUIRED
        .iter()
        .chain(&[(name, value)])
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Texts at and around every limit.
const VALUES: [(&str, &[&str]); 19] = [
    (
        "PORT",
        &[
            "999",
            "1000",
            "65535",
            "65536",
            "+01000",
            "-1000",
            "0x400",
            "1e3",
            "1_000",
            " 2000\t",
            "",
            " ",
            "२०००",
        ],
    ),
    (
        "DEGREES",
        &["-41", "-40", "-0", "0", "+60", "61", "-007", "--1", "5.0"],
    ),
    (
        "RATIO",
        &[
            "1", ".5", "5.", ".", "-1e3", "1E+2", "inf", "NaN", "1,5", "+ 1", "1e",
        ],
    ),
    (
        "LEVEL",
        &[
            "warn",
            "WARN",
            "Very-Much",
            "very_much",
            " info ",
            "warning",
            "in",
        ],
    ),
    ("TLS", &["true", "YES", "oN", "1", "2", "t", " true "]),
    ("SEPARATOR", &["x", "é", "日", "xy", " ", "\n", "😀"]),
    (
        "TIMEOUT",
        &[
            "4999",
            "5000",
            "60000",
            "60001",
            "5s",
            "4s",
            "61s",
            "1m",
            "2m",
            "5 s",
            "00005s",
            "1h",
            "30",
            "s",
            "5S",
            "6000 ms",
            "5000000us",
            "5000000µs",
            "5000000001ns",
        ],
    ),
    (
        "PAUSE",
        &[
            "1h30m",
            "30m1h",
            "1h1h",
            "1.5h",
            "1.h",
            ".5h",
            "5",
            "1h 30m ",
            "1h30",
            "1w1d1h1m1s1ms1us1ns",
            "1us1µs",
            "-1s",
            "1x",
        ],
    ),
    (
        "ROOM",
        &[
            "1", "0", "10240", "10241", "1KiB", "1KB", "1.5KiB", "10 MiB", "11m", "1023B", "1024b", "1g",
            "10MIB", "0TiB",
        ],
    ),
    (
        "APP_URL",
        &[
            "http://a",
            "HTTPS://b/c",
            "ftp://x",
            "nonsense",
            "mailto:a@b",
            "  https://c",
        ],
    ),
    ("REGION", &["a", "ab", "日本", "abcde", "abcdef", "  ", "\n\n"]),
    (
        "NUMBERS",
        &[
            "1",
            "1,2,3",
            "1,2,3,4",
            "1,,2",
            ",1",
            "1,",
            " 1 , 255 ",
            "256",
            "1;2",
        ],
    ),
    (
        "WORDS",
        &["ab", "a", "abcd,abcde", "ab , cd", "ab,ab,ab,ab", "a b,cd", ","],
    ),
    ("AUTH_SECRET", &["1234567", "12345678", ""]),
    ("OLD_SECRET", &["correct horse", "", "short"]),
    ("REASON", &["x", ""]),
    ("MAIL_KEY", &["k", ""]),
    ("REDIS_CONNECTIONS", &["5", "256", ""]),
    (
        "REDIS_URL",
        &["redis://h", "http://h", "redis://", "REDISS://h", ""],
    ),
];

#[test]
fn single_values_get_the_same_verdict() {
    let validator = validator();

    for (name, values) in VALUES {
        for value in values {
            let vars = with(name, value);
            assert_eq!(is_valid(&validator, &vars), loads(&vars), "{name}={value:?}");
        }
    }
}

#[test]
fn what_holds_between_variables_gets_the_same_verdict() {
    let validator = validator();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "correct horse").unwrap();
    let path = file.path().to_str().unwrap();
    let cases: [(&[(&str, &str)], bool); 15] = [
        (&[], true),
        (&[("APP_URL", "")], false),
        (&[("TLS", "false")], false),
        (&[("TLS", " NO ")], false),
        (&[("TLS", "0"), ("REASON", "x")], true),
        (&[("TLS", "yes")], true),
        (&[("MAIL_KEY", "k")], false),
        (&[("MAIL_KEY", "k"), ("MAIL_PROVIDER", "ses")], true),
        (&[("MAIL_KEY_FILE", path)], false),
        (&[("REDIS_CONNECTIONS", "3")], false),
        (&[("REDIS_CONNECTIONS", "3"), ("REDIS_URL", "redis://h")], true),
        (&[("REDIS_URL", "redis://h")], true),
        (&[("AUTH_SECRET", ""), ("AUTH_SECRET_FILE", path)], true),
        (&[("AUTH_SECRET_FILE", path)], false),
        (&[("AUTH_SECRET", ""), ("OLD_SECRET", "correct horse")], true),
    ];

    for (changes, verdict) in cases {
        let mut vars = with("PORT", "3000");
        vars.extend(
            changes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        assert_eq!(
            (is_valid(&validator, &vars), loads(&vars)),
            (verdict, verdict),
            "{changes:?}"
        );
    }
}

#[derive(Debug, Config)]
struct Mailer {
    #[config(default = "smtp", alias = "MAILER")]
    mail_by: String,
    #[config(required_if(MAIL_BY = "SMTP"))]
    mail_host: Option<String>,
}

#[test]
fn a_condition_knows_defaults_and_old_names() {
    let schema = parsed(&Mailer::docs());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let cases: [(&[(&str, &str)], bool); 6] = [
        (&[], false),
        (&[("MAIL_HOST", "h")], true),
        (&[("MAIL_BY", "file")], true),
        (&[("MAILER", "file")], true),
        (&[("MAILER", "Smtp")], false),
        (&[("MAIL_BY", ""), ("MAIL_HOST", "")], false),
    ];

    for (vars, verdict) in cases {
        let loads = Mailer::from_source(&vars.iter().copied().collect::<Vars>())
            .map(|mailer| mailer.mail_by.len() + mailer.mail_host.map_or(0, |host| host.len()));
        let object: BTreeMap<&str, &str> = vars.iter().copied().collect();
        assert_eq!(
            (validator.is_valid(&json!(object)), loads.is_ok()),
            (verdict, verdict),
            "{vars:?}"
        );
    }
}

#[derive(Debug, Config)]
struct Stored {
    #[config(profile, default = "development")]
    node_env: String,
    #[config(default = "file", default(production = "s3"))]
    store: String,
    #[config(required_if(STORE = "file"))]
    directory: Option<String>,
    #[config(default(development = "let-me-in"))]
    api_token: String,
}

/// Variables, and whether a validator and a load take them.
type Case<'c> = (&'c [(&'c str, &'c str)], bool, bool);

#[test]
fn what_a_profile_decides_is_refused_by_the_load_alone() {
    let schema = parsed(&Stored::docs());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let cases: [Case<'_>; 5] = [
        (&[("DIRECTORY", "/d")], true, true),
        (
            &[("NODE_ENV", "production"), ("API_TOKEN", "hV2sT0qk")],
            true,
            true,
        ),
        (&[("NODE_ENV", "production")], true, false),
        (&[], true, false),
        (&[("STORE", "file")], false, false),
    ];

    for (vars, is_valid, loads) in cases {
        let loaded = Stored::from_source(&vars.iter().copied().collect::<Vars>());
        let length = loaded.as_ref().map_or(0, |stored| {
            let directory = stored.directory.as_ref().map_or(0, String::len);
            directory + stored.node_env.len() + stored.store.len() + stored.api_token.len()
        });
        let object: BTreeMap<&str, &str> = vars.iter().copied().collect();
        assert_eq!(
            (validator.is_valid(&json!(object)), loaded.is_ok(), length > 0),
            (is_valid, loads, loads),
            "{vars:?}"
        );
    }
}

/// Texts that are almost right, for any of the types.
fn text() -> impl Strategy<Value = String> {
    let parts = [
        "1", "0", "9", "s", "m", "h", "ms", "KiB", "MB", "b", "-", "+", ".", ",", " ", "e", "true", "off",
        "info", "redis://", "https:", "://", "x", "é", "_",
    ];
    prop_oneof![
        proptest::collection::vec(select(parts.to_vec()), 0..5).prop_map(|parts| parts.concat()),
        (-70_000_i64..70_000).prop_map(|number| number.to_string()),
        (
            0..70_000_u32,
            select(vec!["ms", "s", "m", "h", "KiB", "KB", "b", ""])
        )
            .prop_map(|(n, unit)| format!("{n}{unit}")),
    ]
}

fn names() -> Vec<String> {
    let fields = Sample::fields();
    let mut names: Vec<String> = fields.iter().map(|spec| spec.name.clone()).collect();
    names.push(String::from("OLD_SECRET"));
    names
}

/// What the schema cannot say; then it takes more than the loader.
fn is_beyond_words(vars: &BTreeMap<String, String>) -> bool {
    let has = |name: &str, tells: fn(&str) -> bool| vars.get(name).is_some_and(|value| tells(value));
    let secrets =
        [vars.get("AUTH_SECRET"), vars.get("OLD_SECRET")].map(|value| value.filter(|text| !text.is_empty()));
    vars.get("APP_URL").is_some_and(|url| url != REQUIRED[0].1)
        || has("REDIS_URL", |url| !url.ends_with("://h"))
        || has("ADDRESS", |_| true)
        || has("RATIO", |text| text.contains('e'))
        || has("TIMEOUT", |text| {
            text.contains(|c: char| c.is_alphabetic() || c == '.')
        })
        || has("PAUSE", |text| text.len() > 15 || text.contains('.'))
        || has("ROOM", |text| text.contains('_'))
        || matches!(secrets, [Some(new), Some(old)] if new != old)
}

#[test]
fn zero_has_no_minus_where_there_are_no_signs() {
    let validator = validator();
    for (value, is_right) in [("0", true), ("+0", true), ("-0", false), ("1,-0", false)] {
        let mut vars = with("PORT", "3000");
        vars.insert("NUMBERS".to_owned(), value.to_owned());

        assert_eq!(
            (is_valid(&validator, &vars), loads(&vars)),
            (is_right, is_right),
            "{value}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_variables_get_the_same_verdict(changes in proptest::collection::btree_map(select(names()), text(), 0..4)) {
        thread_local! {
            static VALIDATOR: Validator = validator();
        }
        let mut vars = with("PORT", "3000");
        vars.extend(changes.clone());

        let (valid, loaded) = (VALIDATOR.with(|validator| is_valid(validator, &vars)), loads(&vars));

        if is_beyond_words(&vars) {
            prop_assert!(valid || !loaded, "the schema refuses what loads: {:?}", changes);
        } else {
            prop_assert_eq!(valid, loaded, "{:?}", changes);
        }
    }
}
