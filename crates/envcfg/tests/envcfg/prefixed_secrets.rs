//! A name is that of a secret, or is not, with every prefix that stands before it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::path::PathBuf;

use groundcrew_envcfg::{Config, FieldSpec, Report, Vars};

#[derive(Debug, Config)]
struct Service {
    #[config(nested, prefix = "REDIS_")]
    redis: Redis,
    #[config(nested, prefix = "MAX_")]
    max: Limits,
    #[config(nested, prefix = "SLACK_WEBHOOK_")]
    slack: Address,
}

#[derive(Debug, Config)]
struct Redis {
    auth: Option<String>,
    #[config(env = "BASIC_AUTH", allow_placeholder)]
    own: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Config)]
struct Limits {
    tokens: Option<u32>,
    #[config(env = "API_TOKENS")]
    words: Option<String>,
    #[config(required_if(API_TOKENS))]
    model: Option<String>,
}

#[derive(Debug, Config)]
struct Address {
    #[config(default = "https://hooks.example/xxxxxxxx")]
    url: String,
    #[config(file, env = "WEBHOOK")]
    with_file: Option<String>,
}

fn right() -> Vars {
    Vars::from([("SLACK_WEBHOOK_URL", "https://hooks.example/fQ0fQ1zP7mX2")])
}

fn lines<C: Config>(vars: &Vars) -> Vec<String> {
    let lines = |report: Report| report.iter().map(ToString::to_string).collect();
    C::from_source(vars).err().map(lines).unwrap_or_default()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

#[test]
fn what_a_prefix_makes_a_secret_must_be_no_placeholder() {
    let placeholder = |name: &str| {
        format!("{name} = <secret: 8 chars>: is only a placeholder: fill in a value of its own (from given)")
    };

    assert_eq!(
        lines::<Service>(&right().with("REDIS_AUTH", "changeme")),
        [placeholder("REDIS_AUTH")]
    );
    assert_eq!(
        lines::<Service>(
            &right()
                .with("REDIS_BASIC_AUTH", "changeme")
                .with("REDIS_USER", "changeme")
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        lines::<Redis>(&Vars::from([("AUTH", "changeme")])),
        Vec::<String>::new()
    );
    let loaded = Service::from_source(&right().with("REDIS_AUTH", "fQ0fQ1zP7mX2")).unwrap();
    assert_eq!(loaded.redis.auth.as_deref(), Some("fQ0fQ1zP7mX2"));
}

#[test]
fn so_must_its_default() {
    let code = |report: Report| {
        report
            .iter()
            .map(|problem| (problem.variable().map(str::to_owned), problem.code()))
            .collect::<Vec<_>>()
    };
    let expected = vec![(
        Some(String::from("SLACK_WEBHOOK_URL")),
        String::from("rule.placeholder"),
    )];

    assert_eq!(
        Service::from_source(&Vars::new()).map_err(code).unwrap_err(),
        expected
    );
    assert_eq!(Service::check_defaults().map_err(code).unwrap_err(), expected);
    assert_eq!(Address::check_defaults(), Ok(()));
}

#[test]
fn what_a_prefix_makes_no_secret_is_none_anywhere() {
    let (_directory, path) = file("5");
    let vars = right()
        .with("MAX_TOKENS", "many")
        .with("MAX_TOKENS_FILE", &path)
        .with("MAX_API_TOKENS", "changeme")
        .with("MAX_MODEL", "m");

    assert_eq!(
        lines::<Service>(&vars),
        ["MAX_TOKENS = \"many\": expected a whole number from 0 to 4294967295 (from given)"]
    );
    let loaded = Service::from_source(
        &right()
            .with("MAX_TOKENS_FILE", &path)
            .with("MAX_API_TOKENS_FILE", &path),
    );
    let max = loaded.unwrap().max;
    assert_eq!((max.tokens, max.words), (None, None));
    let alone =
        Limits::from_source(&Vars::from([("API_TOKENS_FILE", &path), ("MODEL", &"m".into())])).unwrap();
    assert_eq!(alone.words.as_deref(), Some("5"));
}

#[test]
fn documents_name_the_files_that_are_read() {
    let (_directory, path) = file("fQ0fQ1zP7mX2vB9k");
    let with_file = |spec: &FieldSpec| spec.file.then(|| format!("{}_FILE", spec.name));
    let documented: Vec<String> = Service::fields().iter().filter_map(with_file).collect();
    let names = Service::fields()
        .into_iter()
        .map(|spec| format!("{}_FILE", spec.name));
    let unreadable = "/no/such/file";
    let read: Vec<String> = names
        .filter(|name| {
            let vars = right()
                .without("SLACK_WEBHOOK_URL")
                .with(name.clone(), unreadable);
            let report = Service::load(&vars).map(drop).unwrap_err();
            report.iter().any(|problem| problem.code() == "file")
        })
        .collect();

    assert_eq!(read, documented);
    assert_eq!(
        documented,
        ["REDIS_BASIC_AUTH_FILE", "SLACK_WEBHOOK_WEBHOOK_FILE"]
    );
    let example = Service::docs().env_example().to_string();
    assert!(!example.contains("MAX_TOKENS_FILE"), "{example}");
    let secret: Vec<String> = Service::fields()
        .into_iter()
        .filter(|spec| spec.secret)
        .map(|spec| spec.name)
        .collect();
    assert_eq!(
        secret,
        [
            "REDIS_AUTH",
            "REDIS_BASIC_AUTH",
            "SLACK_WEBHOOK_URL",
            "SLACK_WEBHOOK_WEBHOOK"
        ]
    );
    let by_file = right().with("REDIS_BASIC_AUTH_FILE", &path);
    assert_eq!(
        Service::from_source(&by_file).unwrap().redis.own.as_deref(),
        Some("fQ0fQ1zP7mX2vB9k")
    );
}
