//! Names that Kubernetes and compose take, whatever the caller and the variables are called.

use std::collections::BTreeSet;

use groundcrew_envcfg::{Config, Secret};
use regex::Regex;
use serde_json::Value;

use crate::documents::yaml;

#[derive(Config)]
struct Odd {
    #[config(env = "http.port", default = 80)]
    _port: u16,
    #[config(env = "größe", default = 5)]
    _size: u16,
    #[config(env = "größe:max")]
    _most: u16,
    #[config(env = "API_TOKEN")]
    _upper: Secret,
    #[config(env = "api_token")]
    _lower: Secret,
    #[config(env = "api_token-2")]
    _numbered: Secret,
    #[config(env = "schlüssel")]
    _key: Secret,
}

#[test]
fn resources_have_names_that_kubernetes_takes() {
    let form = Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").unwrap();
    let long = "a-".repeat(200);
    let cases = [
        ("lobby", "lobby"),
        ("my.lobby", "my.lobby"),
        ("my_app", "my-app"),
        ("My App!", "my-app"),
        ("-a..b-", "a.b"),
        ("123", "123"),
        ("größe", "gr--e"),
        ("", "app"),
        ("_", "app"),
        (&long, &long[..253]),
    ];

    for (given, name) in cases {
        let kubernetes = Odd::docs().kubernetes().named(given);

        let map = yaml(&kubernetes.config_map());
        let container = yaml(&kubernetes.container());
        assert_eq!(map["metadata"]["name"], name, "{given}");
        assert_eq!(container["envFrom"][0]["configMapRef"]["name"], name);
        assert!(form.is_match(name) && name.len() <= 253, "{name}");
    }
}

#[test]
fn a_service_has_a_name_that_compose_takes() {
    let cases = [
        ("lobby", "lobby"),
        ("My_app.v2", "My_app.v2"),
        ("A B", "A-B"),
        ("größe", "gr--e"),
        ("", "app"),
        ("?", "app"),
    ];

    for (given, name) in cases {
        let compose = yaml(&Odd::docs().compose().service(given).to_string());

        let services: Vec<&String> = compose["services"].as_object().unwrap().keys().collect();
        assert_eq!(services, [name], "{given}");
    }
}

#[test]
fn a_config_map_and_a_secret_have_keys_that_kubernetes_takes() {
    let kubernetes = Odd::docs().kubernetes();
    let form = Regex::new("^[-._a-zA-Z0-9]+$").unwrap();

    let map = yaml(&kubernetes.config_map());
    let secret = yaml(&kubernetes.secret());
    let container = yaml(&kubernetes.container());

    assert_eq!(map["data"], serde_json::json!({"http.port": "80"}));
    assert!(
        kubernetes.config_map().contains(
            "  # no key can have this name: set it in `env` of the container\n  # \"größe\": \"5\"\n"
        )
    );
    let keys: Vec<&String> = secret["stringData"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["API_TOKEN", "api_token", "api_token-2"]);
    let taken: Vec<&Value> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["valueFrom"]["secretKeyRef"]["key"])
        .collect();
    assert_eq!(taken, ["API_TOKEN", "api_token", "api_token-2"]);
    assert!(keys.iter().all(|key| form.is_match(key)));
}

#[test]
fn every_secret_of_a_compose_part_has_a_file_of_its_own() {
    let compose = yaml(&Odd::docs().compose().to_string());
    let form = Regex::new("^[a-zA-Z0-9._-]+$").unwrap();

    let environment = &compose["services"]["app"]["environment"];
    assert_eq!(
        ["API_TOKEN", "api_token", "api_token-2", "schlüssel"]
            .map(|name| &environment[format!("{name}_FILE")]),
        [
            "/run/secrets/api_token",
            "/run/secrets/api_token-2",
            "/run/secrets/api_token-2-2",
            "/run/secrets/schl-ssel"
        ]
    );
    let secrets = compose["secrets"].as_object().unwrap();
    let files: BTreeSet<String> = secrets
        .values()
        .map(|secret| secret["file"].as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!((secrets.len(), files.len()), (4, 4));
    assert!(secrets.keys().all(|name| form.is_match(name)));
}

#[test]
fn compose_is_asked_for_no_variable_whose_name_it_cannot_read() {
    let compose = yaml(&Odd::docs().compose().to_string());

    let environment = &compose["services"]["app"]["environment"];
    assert_eq!(
        ["http.port", "größe", "größe:max"].map(|name| &environment[name]),
        [&Value::Null; 3]
    );
    assert!(environment.as_object().unwrap().contains_key("http.port"));
}
