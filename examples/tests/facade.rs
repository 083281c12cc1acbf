//! This package depends on the facade alone: the derives find their crates through it.

use groundcrew::{
    envcfg::{Config, Vars},
    metrics::{Counter, Family, LabelValue, Labels, Registry},
};

#[derive(Config)]
struct Settings {
    #[config(default = 3000)]
    port: u16,
}

#[derive(LabelValue)]
enum Method {
    Get,
}

#[derive(Labels)]
struct Request<'a> {
    method: Method,
    route: &'a str,
}

#[test]
fn config_is_derived_through_the_facade() {
    let settings = Settings::from_source(&Vars::from([("PORT", "8080")])).unwrap();

    assert_eq!(settings.port, 8080);
}

#[test]
fn labels_are_derived_through_the_facade() {
    let registry = Registry::new();
    let requests: Family<Request<'static>, Counter> = registry
        .counter_family("requests_total", "Requests that have ended")
        .unwrap();

    requests.inc(&Request {
        method: Method::Get,
        route: "/",
    });

    assert!(
        registry
            .encode()
            .contains("requests_total{method=\"get\",route=\"/\"} 1"),
        "{}",
        registry.encode()
    );
}
