//! Every kind of problem, how it reads, and what it must not show.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt};

use groundcrew_envcfg::{
    Checks, Config, EnvSource, Layers, Origin, ProblemKind, Report, Secret, Value, Vars,
};
use url::Url;

#[derive(Debug, Config)]
#[config(check = Settings::key_needs_provider, check = pools_add_up)]
struct Settings {
    /// Where the database is
    ///
    /// More words that a report does not need.
    database_url: Url,
    #[config(alias = "HTTP_PORT", alias = "OLD_PORT", default = 3000)]
    port: u16,
    auth_secret: Option<Secret>,
    api_key: Option<String>,
    #[config(required_if(API_KEY))]
    provider: Option<String>,
    #[config(
        required_if(NODE_ENV = "production", STRICT = "true"),
        default = "http://localhost:3000"
    )]
    app_url: Url,
    #[config(file)]
    motd: Option<String>,
    #[config(default = 10)]
    pool: u32,
    #[config(default = 100)]
    pool_total: u32,
}

impl Settings {
    fn key_needs_provider(&self, checks: &mut Checks<'_, '_>) {
        if self.provider.as_deref() == Some("none") {
            checks.add("provider", format!("is none, but the key is {:?}", self.api_key));
            checks.add("API", String::from("see https://me:pw@docs"));
        }
    }
}

fn pools_add_up(settings: &Settings, checks: &mut Checks<'_, '_>) {
    if settings.pool > settings.pool_total {
        checks.add_overall("the pool is larger than all pools");
    }
}

fn right() -> Vars {
    Vars::from([("DATABASE_URL", "postgres://db/app")]).origin(Origin::Environment)
}

fn lines(vars: &impl EnvSource) -> Vec<String> {
    let report = Settings::from_source(vars).expect_err("a mistake");
    report
        .to_string()
        .lines()
        .skip(1)
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn a_missing_variable_is_named_with_its_purpose_and_the_likely_typo() {
    let vars = right()
        .without("DATABASE_URL")
        .with("DATABSE_URL", "postgres://db")
        .with("DATABASE_URI2", "x");

    assert_eq!(
        lines(&vars),
        [
            "DATABASE_URL is missing: Where the database is",
            "DATABSE_URL is set but nothing reads it: is it meant for DATABASE_URL?",
        ]
    );
}

#[test]
fn a_name_that_the_schema_reads_is_never_suggested() {
    #[derive(Debug, Config)]
    struct Twins {
        host_a: String,
        host_b: String,
    }

    let report = Twins::from_source(&Vars::from([("HOST_A", "x")])).unwrap_err();

    assert_eq!(report.problems()[0].suggestion(), None);
}

#[test]
fn an_empty_variable_is_unset() {
    assert_eq!(
        lines(&right().with("DATABASE_URL", "")),
        ["DATABASE_URL is missing: Where the database is"]
    );
    assert_eq!(
        Settings::from_source(&right().with("PORT", "")).unwrap().port,
        3000
    );
}

#[test]
fn a_deprecated_name_is_read_with_a_warning() {
    let loaded = Settings::load(&right().with("HTTP_PORT", "8080")).unwrap();

    assert_eq!(loaded.config().port, 8080);
    let warnings: Vec<String> = loaded.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["HTTP_PORT is deprecated, use PORT"]);
}

#[test]
fn two_names_for_one_field_may_only_agree() {
    let agreeing = right().with("HTTP_PORT", "8080").with("PORT", "8080");

    assert_eq!(Settings::load(&agreeing).unwrap().config().port, 8080);
    assert_eq!(
        lines(&agreeing.with("OLD_PORT", "80")),
        [
            "PORT contradicts OLD_PORT: both are set, to different values",
            "warning: HTTP_PORT is deprecated, use PORT",
            "warning: OLD_PORT is deprecated, use PORT",
        ]
    );
}

#[test]
fn a_problem_names_the_variable_that_was_set() {
    assert_eq!(
        lines(&right().with("HTTP_PORT", "80x"))[0],
        "HTTP_PORT = \"80x\": expected a whole number from 0 to 65535"
    );
}

#[test]
fn a_condition_makes_a_variable_required() {
    let production = right().with("NODE_ENV", "Production").with("API_KEY", "k");

    assert_eq!(
        lines(&production),
        [
            "PROVIDER is missing: required because API_KEY is set",
            "APP_URL is missing: required because NODE_ENV is production",
        ]
    );
    assert_eq!(
        lines(&right().with("STRICT", "yes")),
        ["APP_URL is missing: required because STRICT is true"]
    );
    assert_eq!(
        Settings::from_source(&right().with("STRICT", "off"))
            .unwrap()
            .app_url
            .port(),
        Some(3000)
    );
}

#[test]
fn a_value_that_is_not_unicode_is_a_problem_only_of_its_own_variable() {
    let bytes = OsString::from_vec(vec![b'a', 0xff, b'b']);
    let vars = right()
        .with("UNRELATED", bytes.clone())
        .with("PROVIDER", bytes.clone())
        .with("PORT", bytes);

    assert_eq!(
        lines(&vars),
        [
            "PORT = <not Unicode: 3 bytes>: expected text in Unicode (UTF-8)",
            "PROVIDER = <not Unicode: 3 bytes>: expected text in Unicode (UTF-8)",
        ]
    );
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, "hunter2\r\n").unwrap();
    let vars = right()
        .with("AUTH_SECRET_FILE", &path)
        .with("API_KEY_FILE", &path)
        .with("PROVIDER", "p");

    let loaded = Settings::load(&vars.with("MOTD_FILE", &path)).unwrap();

    let settings = loaded.config();
    assert_eq!(
        settings
            .auth_secret
            .as_ref()
            .map(|secret| secret.expose().as_str()),
        Some("hunter2")
    );
    assert_eq!(
        (settings.api_key.as_deref(), settings.motd.as_deref()),
        (Some("hunter2"), Some("hunter2"))
    );
    let origin = Origin::SecretFile {
        variable: String::from("AUTH_SECRET_FILE"),
        path,
    };
    assert_eq!(loaded.origin("AUTH_SECRET"), Some(&origin));
}

#[test]
fn a_secret_file_that_cannot_be_taken_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let [empty, binary] = ["empty", "binary"].map(|name| dir.path().join(name));
    fs::write(&empty, "\n").unwrap();
    fs::write(&binary, [0xff]).unwrap();
    let set = |value: &std::path::Path| lines(&right().with("AUTH_SECRET_FILE", value));

    assert_eq!(
        set("/no/such".as_ref()),
        ["AUTH_SECRET_FILE = \"/no/such\": cannot take the value from the file: entity not found"]
    );
    assert!(set(&empty)[0].ends_with("cannot take the value from the file: the file is empty"));
    assert!(set(&binary)[0].ends_with("cannot take the value from the file: not Unicode (UTF-8)"));
    assert_eq!(
        set("hunter2".as_ref()),
        ["AUTH_SECRET_FILE = <secret: 7 chars>: cannot take the value from the file: entity not found"]
    );
    assert_eq!(
        lines(&right().with("AUTH_SECRET", "a").with("AUTH_SECRET_FILE", &empty)),
        ["AUTH_SECRET contradicts AUTH_SECRET_FILE: only one may be set"]
    );
}

#[test]
fn checks_run_after_the_fields_and_may_add_several_problems() {
    let vars = right()
        .with("PROVIDER", "none")
        .with("API_KEY", "hunter2")
        .with("POOL", "200");

    assert_eq!(
        lines(&vars),
        [
            "PROVIDER: is none, but the key is Some(\"<secret>\")",
            "API: see https://me:***@docs",
            "the pool is larger than all pools",
        ]
    );
    assert_eq!(lines(&vars.with("PORT", "x")).len(), 1);
}

#[test]
fn layers_fall_through_to_the_first_that_has_a_text() {
    let empty_above = (
        Vars::from([("DATABASE_URL", ""), ("PORT", "1")]),
        right().with("PORT", "2"),
    );
    let settings = Settings::from_source(&empty_above).unwrap();
    assert_eq!((settings.port, settings.database_url.path()), (1, "/app"));

    let layers = Layers::new()
        .then(Vars::new())
        .then(&empty_above.0)
        .then(&empty_above.1);
    assert_eq!(Settings::from_source(&layers).unwrap().port, 1);
    assert_eq!(layers.names(), ["DATABASE_URL", "PORT"]);
}

fn full_report() -> Report {
    let file = Origin::File {
        path: "prod.env".into(),
        line: 3,
        column: 6,
    };
    let vars = right()
        .with("DATABASE_URL", "postgres//app:hunter2@db")
        .with("HTTP_PORT", "1")
        .with("OLD_PORT", "2")
        .with("APP_URL", "nope")
        .with("STRCT", "1");
    let file = Vars::from([("POOL", "ten")]).origin(file);
    Settings::from_source(&(file, vars)).expect_err("four mistakes")
}

#[test]
fn the_report_for_programs_has_a_fixed_shape() {
    let json = serde_json::to_string_pretty(&full_report()).unwrap();

    assert_eq!(json, include_str!("report.json").trim_end());
}

#[test]
fn the_report_tells_kinds_and_codes_apart() {
    let report = full_report();

    let kinds: Vec<_> = report
        .iter()
        .map(|problem| (problem.kind(), problem.code()))
        .collect();
    assert_eq!(
        kinds,
        [
            (ProblemKind::Unreadable, String::from("unreadable")),
            (ProblemKind::Conflict, String::from("conflict")),
            (ProblemKind::Unreadable, String::from("unreadable")),
            (ProblemKind::Unreadable, String::from("unreadable")),
        ]
    );
    assert_eq!(
        (report.len(), report.is_empty(), report.exit_code()),
        (4, false, 78)
    );
    assert_eq!((&report).into_iter().len(), 4);
    assert_eq!(
        report.problems()[3].to_string(),
        "POOL = \"ten\": expected a whole number from 0 to 4294967295 (from prod.env:3:6)"
    );
}

#[test]
fn values_show_no_text_in_debug() {
    let value = Value::new("hunter2", Origin::Environment);

    assert_eq!(
        format!("{value:?}"),
        "Value { bytes: 7, origin: Environment, .. }"
    );
}
