//! The subcommands that a service's binary gets.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::process::Command as Process;

use groundcrew_envcfg::{Config, Dotenv, EnvSource, Origin, Secret, Style, Vars, cli};
use serde_json::Value;

#[derive(Debug, Config)]
struct Settings {
    /// The port to listen on
    #[config(default = 3000, range(min = 1000), alias = "HTTP_PORT")]
    port: u16,
    /// Signs the session cookies
    #[config(length(min = 8))]
    auth_secret: Secret,
    region: Option<String>,
}

const CANARY: &str = "canary-7f3a";

fn run(vars: &Vars, arguments: &[&str]) -> (cli::Exit, String) {
    let mut out = Vec::new();
    let arguments = ["lobby"].iter().chain(arguments);
    let exit = cli::run::<Settings>(arguments, vars, &mut out).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

fn right() -> Vars {
    Vars::from([("AUTH_SECRET", CANARY)]).origin(Origin::Environment)
}

#[test]
fn check_says_ok_or_prints_the_report() {
    assert_eq!(
        run(&right(), &["check"]),
        (cli::Exit::Success, String::from("ok\n"))
    );
    let (exit, out) = run(&right().with("HTTP_PORT", "3001"), &["check"]);
    assert_eq!(
        (exit.code(), out.as_str()),
        (0, "warning: HTTP_PORT is deprecated, use PORT\nok\n")
    );

    let wrong = right().with("PORT", "80").without("AUTH_SECRET");
    let (exit, out) = run(&wrong, &["check"]);

    assert_eq!(exit.code(), 78);
    let report = Settings::from_source(&wrong).unwrap_err();
    assert_eq!(out, report.render(&Style::plain()));
}

#[test]
fn check_as_json_has_one_shape_for_both() {
    let (exit, out) = run(&right(), &["check", "--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (exit, &json["problems"]),
        (cli::Exit::Success, &Value::Array(Vec::new()))
    );

    let (exit, out) = run(&right().with("PORT", "80"), &["check", "--json"]);
    let wrong: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (exit, &wrong["problems"][0]["variable"]),
        (cli::Exit::Invalid, &"PORT".into())
    );
    assert_eq!(wrong["schema"], json["schema"]);
}

#[test]
fn explain_says_where_values_come_from_and_never_what_they_are() {
    let vars = right().with("REGION", CANARY);

    let (exit, out) = run(&vars, &["explain"]);

    assert_eq!(exit, cli::Exit::Success);
    assert_eq!(
        out,
        "PORT         default 3000\n\
         AUTH_SECRET  set to <secret: 11 chars> in environment\n\
         REGION       set in environment\n"
    );
    let (_, json) = run(&vars, &["explain", "--json"]);
    assert!(!json.contains(CANARY));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "envcfg.explain/1");
    assert_eq!(
        (&json["variables"][0]["state"], &json["variables"][1]["state"]),
        (&"default".into(), &"set".into())
    );
    assert_eq!(json["variables"][1]["set"][0]["chars"], 11);
    assert_eq!(json["variables"][2]["set"][0]["chars"], Value::Null);
}

#[test]
fn explain_tells_what_is_wrong_without_the_value() {
    let vars = right()
        .with("PORT", "80")
        .with("HTTP_PORT", CANARY)
        .without("AUTH_SECRET");

    let (_, out) = run(&vars, &["explain"]);

    assert!(!out.contains(CANARY), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("PORT         set in environment; set by HTTP_PORT in environment; invalid: "),
        "{out}"
    );
    assert_eq!(
        lines[1..],
        [
            "AUTH_SECRET  is missing: Signs the session cookies",
            "REGION       not set"
        ]
    );
}

#[test]
fn explain_knows_one_variable_by_any_of_its_names() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CANARY).unwrap();
    let vars = Vars::from([("AUTH_SECRET_FILE", file.path().as_os_str())]);

    let (exit, out) = run(&vars, &["explain", "AUTH_SECRET_FILE"]);

    assert_eq!(exit, cli::Exit::Success);
    assert_eq!(
        out,
        "AUTH_SECRET: set by AUTH_SECRET_FILE in given\n  Signs the session cookies\n  - required\n  - secret\n  \
         - AUTH_SECRET_FILE may name a file with it instead\n  - must have at least 8 characters\n  \
         - the field auth_secret in the code\n"
    );
    assert_eq!(
        run(&vars, &["explain", "PORTS"]),
        (
            cli::Exit::Usage,
            String::from("PORTS is no variable of this configuration\n")
        )
    );
}

#[derive(Debug, Config)]
struct Profiled {
    #[config(profile, default = "development")]
    node_env: String,
    #[config(default = 3000, default(production = 80))]
    port: u16,
    #[config(default(development = "let-me-in"))]
    api_token: String,
    motto: Option<String>,
}

fn explain(source: &impl EnvSource, more: &[&str]) -> String {
    let mut out = Vec::new();
    let arguments = ["lobby", "explain"].iter().chain(more);
    assert_eq!(
        cli::run::<Profiled>(arguments, source, &mut out).unwrap(),
        cli::Exit::Success
    );
    String::from_utf8(out).unwrap()
}

#[test]
fn explain_shows_the_default_that_the_profile_has() {
    assert_eq!(
        explain(&Vars::new(), &[]),
        "NODE_ENV   default development\nPORT       default 3000\nAPI_TOKEN  default *** in development\n\
         MOTTO      not set\n"
    );
    let production = Vars::from([("NODE_ENV", "prod")]);
    assert_eq!(
        explain(&production, &[]),
        "NODE_ENV   set in given\nPORT       default 80 in production\nAPI_TOKEN  is missing\nMOTTO      not set\n"
    );
    assert_eq!(
        explain(&production, &["PORT"]),
        "PORT: default 80 in production\n  - integer\n  - default in production: 80\n  - default 3000\n  \
         - the field port in the code\n"
    );
    let json: Value = serde_json::from_str(&explain(&production, &["--json"])).unwrap();
    assert_eq!(
        (&json["variables"][1]["default"], &json["variables"][1]["profile"]),
        (&"80".into(), &"production".into())
    );
    assert_eq!(json["variables"][3]["profile"], Value::Null);
    let read = Profiled::from_source(&production.with("API_TOKEN", "hV2sT0qk")).unwrap();
    assert_eq!(
        (read.node_env.as_str(), read.port, read.motto),
        ("prod", 80, None)
    );
    assert_eq!(read.api_token, "hV2sT0qk");
}

#[derive(Debug, Config)]
struct Parts {
    #[config(default = 3000, default(production = 80))]
    port: u16,
    #[config(nested, prefix = "EU_")]
    eu: Profiled,
    #[config(nested, prefix = "US_")]
    us: Profiled,
}

#[test]
fn explain_knows_the_profile_of_each_part() {
    let vars = Vars::from([("EU_NODE_ENV", "production"), ("EU_API_TOKEN", "hV2sT0qk")]);
    let mut out = Vec::new();

    let exit = cli::run::<Parts>(["lobby", "explain"], &vars, &mut out).unwrap();

    assert_eq!(exit, cli::Exit::Success);
    let out = String::from_utf8(out).unwrap();
    let ports: Vec<&str> = out.lines().filter(|line| line.contains("PORT ")).collect();
    assert_eq!(
        ports,
        [
            "PORT          default 3000",
            "EU_PORT       default 80 in production",
            "US_PORT       default 3000",
        ]
    );
    let parts = Parts::from_source(&vars.with("US_API_TOKEN", "hV2sT0qk")).unwrap();
    assert_eq!((parts.port, parts.eu.port, parts.us.motto), (3000, 80, None));
}

#[test]
fn explain_tells_what_is_wrong_with_the_lines_of_a_file() {
    let text = format!("API_TOKEN=\"{CANARY}\nPORT 80\n?{CANARY}\n");
    let file = Dotenv::text(".env", text);

    let out = explain(&file, &[]);

    assert_eq!(
        out,
        "NODE_ENV   default development\n\
         PORT       expected = after the name (from .env:2:6)\n\
         API_TOKEN  the quote that starts here is not closed (from .env:1:11)\n\
         MOTTO      not set\n\
         problem: expected the name of a variable: a letter or _, then letters, digits, _, - and . (from .env:3:1)\n"
    );
    let json: Value = serde_json::from_str(&explain(&file, &["MOTTO", "--json"])).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 1);
    assert!(explain(&file, &["MOTTO"]).ends_with("(from .env:3:1)\n"));
}

#[test]
fn docs_and_schema_are_those_of_the_configuration() {
    let docs = Settings::docs();
    let cases: [(&[&str], String); 6] = [
        (&["docs"], docs.markdown().to_string()),
        (&["docs", "--format", "env"], docs.env_example().to_string()),
        (&["docs", "--format", "kubernetes"], docs.kubernetes().to_string()),
        (
            &["docs", "--format", "kubernetes-container"],
            docs.kubernetes().container(),
        ),
        (&["docs", "--format", "compose"], docs.compose().to_string()),
        (&["schema"], docs.json_schema().to_string()),
    ];

    for (arguments, document) in cases {
        assert_eq!(
            run(&Vars::new(), arguments),
            (cli::Exit::Success, document),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_document_is_written_to_a_file_and_compared_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/config.md");
    let file = path.to_str().unwrap();

    let (absent, out) = run(&Vars::new(), &["docs", "--check", file]);
    assert_eq!((absent.code(), out.contains("cannot read")), (1, true));
    assert_eq!(
        run(&Vars::new(), &["docs", "--write", file]),
        (cli::Exit::Success, String::new())
    );
    assert_eq!(
        run(&Vars::new(), &["docs", "--check", file]),
        (cli::Exit::Success, String::new())
    );
    let (stale, out) = run(&Vars::new(), &["schema", "--check", file]);
    assert_eq!(
        (stale, out),
        (
            cli::Exit::Stale,
            format!("{file} is out of date: write it with --write\n")
        )
    );
}

#[test]
fn arguments_that_make_no_sense_are_explained() {
    let (exit, out) = run(&Vars::new(), &["audit"]);
    assert_eq!(exit.code(), 2);
    assert!(out.contains("unrecognized subcommand 'audit'"), "{out}");

    let (exit, out) = run(&Vars::new(), &["--help"]);
    assert_eq!(exit, cli::Exit::Success);
    assert!(
        out.contains("explain") && out.contains("reports every problem"),
        "{out}"
    );
}

#[test]
fn a_real_binary_checks_its_own_environment() {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/service_config");
    assert!(
        program.exists(),
        "{}: cargo builds it with this test",
        program.display()
    );

    let output = Process::new(&program)
        .arg("check")
        .env_clear()
        .env("PORT", "80")
        .env("AUTH_SECRET", CANARY)
        .output()
        .unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(
        text.starts_with("error: configuration is invalid: 2 problems\n"),
        "{text}"
    );
    assert!(
        text.contains("AUTH_SECRET = <secret: 11 chars>") && !text.contains(CANARY),
        "{text}"
    );
}
