//! The provisioning of Grafana.

use super::{rule_file::COMMENT, yaml::Yaml};

/// The data source that the dashboards use at first.
pub(super) fn datasources() -> String {
    Yaml::map([
        ("apiVersion", Yaml::Number(1)),
        (
            "datasources",
            Yaml::List(vec![Yaml::map([
                ("name", Yaml::text("Prometheus")),
                ("uid", Yaml::text(DATASOURCE)),
                ("type", Yaml::text("prometheus")),
                ("access", Yaml::text("proxy")),
                ("url", Yaml::text("http://prometheus:9090")),
                ("isDefault", Yaml::Flag(true)),
                ("editable", Yaml::Flag(false)),
                (
                    "jsonData",
                    Yaml::map([
                        ("httpMethod", Yaml::text("POST")),
                        ("timeInterval", Yaml::text("15s")),
                    ]),
                ),
            ])]),
        ),
    ])
    .document(COMMENT)
}

/// Where Grafana finds the dashboards.
pub(super) fn dashboards(service: &str) -> String {
    Yaml::map([
        ("apiVersion", Yaml::Number(1)),
        (
            "providers",
            Yaml::List(vec![Yaml::map([
                ("name", Yaml::text(service)),
                ("folder", Yaml::text(service)),
                ("type", Yaml::text("file")),
                ("disableDeletion", Yaml::Flag(true)),
                ("allowUiUpdates", Yaml::Flag(false)),
                (
                    "options",
                    Yaml::map([("path", Yaml::text("/var/lib/grafana/dashboards"))]),
                ),
            ])]),
        ),
    ])
    .document(COMMENT)
}

pub(super) const DATASOURCE: &str = "prometheus";
