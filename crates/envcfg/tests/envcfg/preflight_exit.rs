//! How a process ends whose services or variables are wrong, and what it leaves for programs to read.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    net::{SocketAddr, TcpListener},
    process::{Command, Output},
};

use groundcrew_envcfg::{
    Config, Dotenv, Report, Sources, Vars,
    preflight::{ServiceCheck, Startup, Verdict},
};
use serde_json::Value as Json;

use crate::json_shape::faults;

/// A real process with only these variables.
fn process(port: &str, search: SocketAddr) -> Output {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/startup");
    assert!(
        program.exists(),
        "{}: cargo builds it with this test",
        program.display()
    );
    Command::new(&program)
        .env_clear()
        .env("PORT", port)
        .env("SEARCH_ADDR", search.to_string())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A port where nobody listens.
fn closed() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

#[test]
fn a_process_whose_services_fail_ends_with_69() {
    let search = closed();

    let output = process("80", search);

    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{error}");
    assert!(
        error.contains("services are not usable: 1 problem") && error.contains("SEARCH_ADDR"),
        "{error}"
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_process_whose_variables_are_wrong_ends_with_78_and_says_what_is_wrong_with_its_services_too() {
    let output = process("80x", closed());

    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{error}");
    assert!(
        error.contains("configuration is invalid: 2 problems")
            && error.contains("expected a whole number from 0 to 65535")
            && error.contains("service search: Connection refused"),
        "{error}"
    );
}

#[test]
fn a_process_whose_services_answer_goes_on() {
    let search = TcpListener::bind("127.0.0.1:0").unwrap();

    let output = process("80", search.local_addr().unwrap());

    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "listening on 80\n");
}

#[derive(Debug, Config)]
struct Settings {
    #[config(nested, prefix = "ORDERS_")]
    orders: Database,
    #[config(nested, prefix = "STOCK_")]
    stock: Database,
    #[config(nested)]
    mail: Mail,
}

#[derive(Debug, Config)]
struct Database {
    url: String,
}

#[derive(Debug, Config)]
struct Mail {
    mail_key: String,
}

fn startup() -> Startup<Settings> {
    let check = |reason: &str| {
        let reason = reason.to_owned();
        ServiceCheck::new(move || {
            let reason = reason.clone();
            async move { Verdict::unhealthy(reason) }
        })
        .once()
    };
    Startup::new()
        .service("database", move |database: &Database| {
            check(&format!("no route to {}", database.url)).field("url")
        })
        .service("licence", move |_: &Mail| check("expired").optional())
        .service("maps", move |_: &Database| check("503").optional())
}

async fn reports() -> [Report; 2] {
    let vars = Vars::from([("ORDERS_URL", "postgres://app:hunter2@orders"), ("MAIL_KEY", "k")]);
    let file = Sources::new()
        .with(vars.clone())
        .dotenv(Dotenv::text(".env", "STOCK_URL=postgres://app:hunter2@stock\n"));
    [
        startup().run(&vars).await.unwrap_err(),
        startup().run(&file).await.unwrap_err(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_report_with_services_has_the_documented_shape() {
    let schema: Json = serde_json::from_str(Report::JSON_SCHEMA).unwrap();
    let [wrong, failing] = reports().await;

    for report in [&wrong, &failing] {
        let json: Json = serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap();
        assert_eq!(faults(&schema, &json), Vec::<String>::new());
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&json), "{json}");
    }

    let codes = |report: &Report| -> Vec<_> { report.iter().map(|problem| problem.code()).collect() };
    assert_eq!(codes(&wrong), ["missing", "service.database.orders"]);
    assert_eq!(
        codes(&failing),
        ["service.database.orders", "service.database.stock"]
    );
    let json = serde_json::to_value(&failing).unwrap();
    assert_eq!(
        json["problems"][1],
        serde_json::json!({
            "variable": "STOCK_URL",
            "path": "",
            "code": "service.database.stock",
            "message": "service database.stock: no route to postgres://app:***@stock",
            "element": null,
            "value": null,
            "origin": {"kind": "file", "file": ".env", "line": 1, "column": 11},
            "suggestion": null,
            "fix": null,
            "fix_in": null,
            "description": "",
            "tried": {"attempts": 1, "elapsed_ms": 0},
        })
    );
    let warnings = serde_json::to_value(wrong.warnings()).unwrap();
    let codes: Vec<_> = warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| &warning["code"])
        .collect();
    assert_eq!(codes, ["not_checked", "not_checked", "service", "service"]);
}
