//! A Prometheus server scrapes every format, and is asked for what it has.

use std::time::Duration;

use axum::{Router, extract::Path, http::Request, response::Response, routing::get};
use groundcrew_metrics::{Format, MetricsEndpoint, NativeBuckets, Registry, TraceContext};
use groundcrew_testkit::{Prometheus, eventually};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    messages, python,
    python::{Case, Reading},
};

fn trace(number: u8) -> TraceContext {
    TraceContext::new([number; 16], [number; 8])
}

/// A registry with one of everything.
fn registry() -> Registry {
    let registry = Registry::new();
    registry.show_created(true);
    let jobs = registry.counter("jobs_total", "Jobs").unwrap();
    jobs.inc_by(41);
    jobs.inc_with_exemplar(trace(1));
    registry
        .counter_f64("revenue_total", "Revenue")
        .unwrap()
        .inc_by(0.5);
    let odd = registry.gauge("temperature_celsius", "A \"help\" with \\ and\na line");
    odd.unwrap().set(f64::NEG_INFINITY);
    let ages = registry.histogram("age_seconds", "Age", &[0.1, 1.0]).unwrap();
    ages.observe(0.05);
    ages.observe_with_exemplar(0.5, trace(2));
    ages.observe_with_exemplar(7.0, || Some(trace(3)));
    let native = NativeBuckets::default();
    let sizes = registry
        .native_histogram("size_bytes", "Size", &[100.0], native)
        .unwrap();
    for size in [0.0, 0.5, 1.0, 100.0, 5e6] {
        sizes.observe(size);
    }
    registry
}

/// Serves the registry in the format that the path names, or in the one that the scraper wants.
pub(crate) async fn serve(registry: &Registry) -> (String, JoinHandle<()>) {
    let endpoint = MetricsEndpoint::new(registry);
    let forced = endpoint.clone();
    let scrape = async move |Path(format): Path<String>| -> Response {
        let accept = match format.as_str() {
            "text" => "text/plain;version=0.0.4",
            "openmetrics" => "application/openmetrics-text;version=1.0.0",
            _ => "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        };
        let request = Request::get("/").header("accept", accept).body(()).unwrap();
        forced.answer_async(&request).await.map(Into::into)
    };
    let app = Router::new()
        .route("/as/{format}", get(scrape))
        .merge(endpoint.router());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let server = tokio::task::spawn(async { axum::serve(listener, app).await.unwrap() });
    (addr, server)
}

fn configuration(addr: &str) -> String {
    let mut configuration = String::from("scrape_configs:\n");
    for (job, path) in JOBS {
        configuration += &format!(
            "- job_name: {job}\n  metrics_path: {path}\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  \
             static_configs:\n  - targets: ['{addr}']\n"
        );
    }
    configuration
}

const JOBS: [(&str, &str); 4] = [
    ("text", "/as/text"),
    ("openmetrics", "/as/openmetrics"),
    ("protobuf", "/as/protobuf"),
    ("any", "/metrics"),
];

/// The values of an expression in `PromQL`, by job.
pub(crate) async fn values(prometheus: &Prometheus, query: &str) -> Vec<(String, String)> {
    let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer = prometheus
        .get(&format!("/api/v1/query?query={encoded}"))
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    let mut values: Vec<_> = answer["data"]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&result["metric"]["job"]), text(&result["value"][1]))
        })
        .collect();
    values.sort();
    values
}

async fn is_scraped(prometheus: &Prometheus) {
    eventually(Duration::from_secs(30), "every format is scraped", async || {
        let up = values(prometheus, "up == 1").await;
        (up.len() == JOBS.len()).then_some(())
    })
    .await;
}

async fn exemplars(prometheus: &Prometheus, metric: &str) -> Vec<(String, String, String)> {
    let path = format!("/api/v1/query_exemplars?query={metric}&start=0&end=4102444800");
    let answer: Value = serde_json::from_str(&prometheus.get(&path).await.unwrap()).unwrap();
    let mut found = Vec::new();
    for series in answer["data"].as_array().unwrap() {
        for exemplar in series["exemplars"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            found.push((
                text(&series["seriesLabels"]["job"]),
                text(&exemplar["labels"]["trace_id"]),
                text(&exemplar["value"]),
            ));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn prometheus_has_what_was_recorded() {
    let (addr, server) = serve(&registry()).await;
    let prometheus = Prometheus::start(&configuration(&addr)).await.unwrap();
    is_scraped(&prometheus).await;
    let of_all = |value: &str| {
        let mut all = JOBS.map(|(job, _)| (job.to_owned(), value.to_owned()));
        all.sort();
        all
    };
    let of = |jobs: &[&str], value: &str| -> Vec<(String, String)> {
        jobs.iter()
            .map(|job| ((*job).to_owned(), value.to_owned()))
            .collect()
    };
    let texts = ["openmetrics", "text"];

    for (query, value) in [
        ("jobs_total", "42"),
        ("revenue_total", "0.5"),
        ("temperature_celsius", "-Inf"),
        ("age_seconds_count", "3"),
        ("age_seconds_sum", "7.55"),
        ("age_seconds_bucket{le='0.1'}", "1"),
        ("age_seconds_bucket{le=~'1.0|1'}", "2"),
        ("age_seconds_bucket{le='+Inf'}", "3"),
    ] {
        assert_eq!(values(&prometheus, query).await, of_all(value), "{query}");
    }
    // Protobuf brings native buckets, the texts classic ones.
    assert_eq!(values(&prometheus, "size_bytes_count").await, of(&texts, "5"));
    let native = ["any", "protobuf"];
    assert_eq!(
        values(&prometheus, "histogram_count(size_bytes)").await,
        of(&native, "5")
    );
    assert_eq!(
        values(&prometheus, "histogram_sum(size_bytes)").await,
        of(&native, "5000101.5")
    );
    for (low, high, share) in [
        ("0.9", "1", "0.2"),
        ("90", "110", "0.2"),
        ("0.4", "0.6", "0.2"),
        ("10", "80", "0"),
    ] {
        let query = format!("histogram_fraction({low}, {high}, size_bytes)");
        let found = values(&prometheus, &query).await;
        assert_eq!(found.len(), 2, "{query}");
        let near = |(_, found): &(String, String)| {
            (found.parse::<f64>().unwrap() - share.parse::<f64>().unwrap()).abs() < 0.1
        };
        assert!(found.iter().all(near), "{query}: {found:?}");
    }
    let created = values(
        &prometheus,
        "time() - jobs_created < 600 and time() - age_seconds_created < 600",
    )
    .await;
    assert_eq!(created.len(), 1, "{created:?}");
    assert_eq!(created[0].0, "openmetrics");
    server.abort();
}

#[tokio::test]
async fn prometheus_has_the_exemplars() {
    let (addr, server) = serve(&registry()).await;
    let prometheus = Prometheus::start(&configuration(&addr)).await.unwrap();
    is_scraped(&prometheus).await;

    let hex = |number: u8| format!("{number:02x}").repeat(16);
    let of = |traces: &[(u8, &str)]| {
        let of_job = |job: &str| {
            let exemplar = |(number, value): &(u8, &str)| (job.to_owned(), hex(*number), (*value).to_owned());
            traces.iter().map(exemplar).collect::<Vec<_>>()
        };
        ["any", "openmetrics", "protobuf"].map(of_job).concat()
    };
    assert_eq!(exemplars(&prometheus, "jobs_total").await, of(&[(1, "1")]));
    assert_eq!(
        exemplars(&prometheus, "age_seconds_bucket").await,
        of(&[(2, "0.5"), (3, "7")])
    );
    server.abort();
}

#[test]
fn the_strict_parser_takes_exemplars_and_created_times() {
    let text = registry().encode_open_metrics();

    let readings = python::read(&[Case {
        format: "openmetrics",
        text: text.clone(),
    }]);

    let [
        Reading {
            error: None,
            families,
        },
    ] = readings.as_slice()
    else {
        panic!("{readings:?}\n{text}");
    };
    let samples: Vec<_> = families.iter().flat_map(|family| &family.samples).collect();
    let created = samples.iter().filter(|sample| sample.name.ends_with("_created"));
    assert_eq!(created.count(), 4);
    let exemplars: Vec<_> = samples
        .iter()
        .filter_map(|sample| Some((&*sample.name, sample.exemplar.as_ref()?)))
        .map(|(name, exemplar)| (name, &*exemplar.labels[1].1, &*exemplar.value))
        .collect();
    assert_eq!(
        exemplars,
        [
            ("jobs_total", &*"01".repeat(16), "1.0"),
            ("age_seconds_bucket", &*"02".repeat(16), "0.5"),
            ("age_seconds_bucket", &*"03".repeat(16), "7.0"),
        ]
    );
}

#[test]
fn protobuf_has_exemplars_and_created_times() {
    let families = messages::decode(&registry().encode_as(Format::Protobuf));

    let counter = families[0].metrics[0].counter.as_ref().unwrap();
    let exemplar = counter.exemplar.as_ref().unwrap();
    assert_eq!(exemplar.labels[0].value, "01".repeat(16));
    assert_eq!(
        (exemplar.value, exemplar.labels[1].value.as_str()),
        (1.0, &*"01".repeat(8))
    );
    let (created, seen) = (counter.created.unwrap(), exemplar.timestamp.unwrap());
    assert!((created.seconds, created.nanos) <= (seen.seconds, seen.nanos));
    let ages = families[3].metrics[0].histogram.as_ref().unwrap();
    let traces: Vec<_> = ages
        .buckets
        .iter()
        .map(|bucket| bucket.exemplar.as_ref().map(|exemplar| exemplar.value))
        .collect();
    assert_eq!(traces, [None, Some(0.5), Some(7.0)]);
    assert_eq!(families[3].unit, "seconds");
}
