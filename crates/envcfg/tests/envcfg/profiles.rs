//! Defaults that differ from profile to profile, and which profile a load takes.

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config, Vars};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Development,
    #[serde(alias = "prod")]
    Production,
}

#[derive(Debug, Config)]
struct Settings {
    #[config(default = 3000, default(production = 80))]
    port: u16,
    #[config(default = "10MiB", default(development = "1MiB", production = "64k"))]
    max_payload: ByteSize,
    #[config(default(development = "5s", blue = "1m"), unit = "s")]
    timeout: Option<Duration>,
    // Below the others, to show that the order of declaration does not matter.
    #[config(profile, env = "NODE_ENV", alias = "APP_ENV", default = "development")]
    profile: Profile,
    #[config(nested, prefix = "WS_")]
    websocket: WebSocket,
}

#[derive(Debug, Config)]
struct WebSocket {
    #[config(default = 3001, default(production = 443))]
    #[validate(range(min = 100))]
    port: u16,
    #[config(default(development = "let-me-in"))]
    token: String,
}

fn load(vars: Vars) -> Settings {
    Settings::from_source(&vars.with("WS_TOKEN", "t")).expect("all is set")
}

#[test]
fn a_default_of_the_profile_comes_before_the_default_for_all() {
    let production = load(Vars::from([("NODE_ENV", "production")]));

    assert_eq!((production.port, production.websocket.port), (80, 443));
    assert_eq!(production.max_payload, ByteSize::new(64 << 10));
    assert_eq!(production.timeout, None);
}

#[test]
fn a_variable_that_is_set_comes_before_every_default() {
    let production = load(Vars::from([("NODE_ENV", "production"), ("PORT", "8080")]));

    assert_eq!((production.port, production.websocket.port), (8080, 443));
}

#[test]
fn without_the_variable_the_default_of_the_profile_field_decides() {
    let development = Settings::from_source(&Vars::new()).unwrap();

    assert_eq!(development.profile, Profile::Development);
    assert_eq!(development.max_payload, ByteSize::new(1 << 20));
    assert_eq!(development.timeout, Some(Duration::from_secs(5)));
    assert_eq!(development.websocket.token, "let-me-in");
}

#[test]
fn short_names_and_old_variables_say_the_profile_too() {
    assert_eq!(load(Vars::from([("NODE_ENV", "prod")])).port, 80);
    assert_eq!(load(Vars::from([("APP_ENV", "production")])).port, 80);
}

#[test]
fn what_only_another_profile_defaults_is_missing() {
    let report = Settings::from_source(&Vars::from([("NODE_ENV", "production")])).unwrap_err();

    let missing: Vec<_> = report.iter().map(|problem| problem.variable()).collect();
    assert_eq!(missing, [Some("WS_TOKEN")]);
}

#[test]
fn a_struct_loaded_alone_has_the_defaults_for_all() {
    let alone = WebSocket::from_source(&Vars::from([("TOKEN", "t"), ("NODE_ENV", "production")])).unwrap();

    assert_eq!(alone.port, 3001);
}
