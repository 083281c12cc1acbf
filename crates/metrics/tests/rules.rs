//! What is generated, in the eyes of Prometheus.
#![cfg(feature = "rules")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use groundcrew_metrics::{
    CgroupCollector, Collector, Descriptor, Histogram, LabelVisitor, Labels, ProcessCollector, Registry,
    Samples,
    rules::{GeneratedFile, Monitoring, Objective, RulesError, Urgency},
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::Value;

/// Families as the crates around this one describe them.
struct Others;

impl Collector for Others {
    fn describe(&self) -> Vec<Descriptor> {
        let counter = |name: &'static str| Descriptor::counter(name, "A counter");
        let gauge = |name: &'static str| Descriptor::gauge(name, "A gauge");
        vec![
            counter("http_requests_total").labels(["method", "route", "status_code"]),
            gauge("database_connections_waiting"),
            gauge("database_connections_active"),
            gauge("database_connections_max"),
            counter("database_pool_exhausted_total"),
            counter("db_query_errors_total").labels(["operation", "table"]),
            counter("db_slow_queries_total"),
            counter("cache_hits_total").labels(["strategy", "level"]),
            counter("cache_misses_total").labels(["strategy"]),
            counter("tokio_worker_busy_seconds_total").labels(["runtime", "worker"]),
            gauge("tokio_workers").labels(["runtime"]),
            counter("lifecycle_panics_total"),
            gauge("health_status"),
            gauge("health_check_status").labels(["check"]),
            counter("backup_runs_total").labels(["outcome"]),
            counter("backup_damaged_total"),
            gauge("backup_last_success_timestamp_seconds"),
            counter("log_dropped_total").labels(["reason"]),
            counter("log_sink_errors_total").labels(["sink"]),
            counter("errors_total").labels(["type", "severity"]),
        ]
    }

    fn collect(&self, _: &mut Samples<'_>) {}
}

struct Route<'a>(&'a str);

impl Labels for Route<'_> {
    type With<'a> = Route<'a>;
    const NAMES: &'static [&'static str] = &["route"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

fn full() -> Registry {
    let registry = Registry::new();
    registry.collector(ProcessCollector::new()).unwrap();
    registry.collector(CgroupCollector::new()).unwrap();
    registry.collector(Others).unwrap();
    let buckets = [0.01, 0.05, 0.1, 0.3, 1.0, 5.0];
    registry
        .histogram_family::<Route<'_>>("http_request_duration_seconds", "Duration", &buckets)
        .unwrap();
    registry
        .histogram_family::<Route<'_>>("db_query_duration_seconds", "Duration", &buckets)
        .unwrap();
    registry
        .histogram("tokio_scheduling_lag_seconds", "Lag", &[0.05, 0.1, 0.25])
        .unwrap();
    registry
}

/// The objectives of the requirements: 99.9 %, 100 ms in the mean and as p95, 50 ms as p95 of queries.
fn objectives(monitoring: Monitoring) -> Monitoring {
    let ms = Duration::from_millis;
    monitoring
        .objective(Objective::availability("http_requests_total", 99.9).bad("status_code", "5..", "500"))
        .objective(
            Objective::latency("http_request_duration_seconds", 95.0, ms(100)).except("route", "/api/feed"),
        )
        .objective(Objective::mean("http_request_duration_seconds", ms(100)))
        .objective(Objective::latency("db_query_duration_seconds", 95.0, ms(50)).only("route", "r\"\\{{x}}"))
        .objective(
            Objective::availability("db_query_duration_seconds", 99.5)
                .bad_counter("db_slow_queries_total")
                .named("db fast enough"),
        )
}

fn promtool(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("promtool")
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("promtool runs: apt-get install prometheus, or cargo xtask setup test");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said
}

fn write(files: &[GeneratedFile]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let path = directory.path().join(file.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text()).unwrap();
    }
    directory
}

fn paths<'a>(files: &'a [GeneratedFile], end: &str) -> Vec<&'a str> {
    files
        .iter()
        .map(GeneratedFile::path)
        .filter(|path| path.ends_with(end))
        .collect()
}

fn text<'a>(files: &'a [GeneratedFile], end: &str) -> &'a str {
    files
        .iter()
        .find(|file| file.path().ends_with(end))
        .unwrap()
        .text()
}

fn check_rules(directory: &Path, files: &[GeneratedFile]) {
    let rules = paths(files, ".rules.yml");
    promtool(
        directory,
        &[
            ["check", "rules", "--lint=all", "--lint-fatal"].as_slice(),
            &rules,
        ]
        .concat(),
    );
}

/// The alerts in the rule files, and those with a case that fires and with one that does not.
fn alerts(files: &[GeneratedFile]) -> [BTreeSet<String>; 3] {
    let [mut all, mut fires, mut quiet] = [const { BTreeSet::new() }; 3];
    for file in files.iter().filter(|file| file.path().ends_with(".yml")) {
        let read: Value = serde_saphyr::from_str(file.text()).unwrap();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for rule in list(&read["groups"])
            .iter()
            .flat_map(|group| list(&group["rules"]))
        {
            all.extend(rule["alert"].as_str().map(str::to_owned));
        }
        for case in list(&read["tests"])
            .iter()
            .flat_map(|test| list(&test["alert_rule_test"]))
        {
            let to = if list(&case["exp_alerts"]).is_empty() {
                &mut quiet
            } else {
                &mut fires
            };
            to.insert(case["alertname"].as_str().unwrap().to_owned());
        }
    }
    [all, fires, quiet]
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let monitoring = objectives(Monitoring::of(&full(), "card-room"))
        .label("team", "games {{ $value }}")
        .severity(Urgency::Page, "critical")
        .runbook("https://runbooks.example/{alert}?{{x}}");
    let files = monitoring.generate().unwrap();
    let directory = write(&files);

    check_rules(directory.path(), &files);
    let tests = paths(&files, ".tests.yml");
    promtool(directory.path(), &[["test", "rules"].as_slice(), &tests].concat());

    let [all, fires, quiet] = alerts(&files);
    assert_eq!(all, fires);
    assert_eq!(all, quiet);
    assert_eq!(all.len(), READY + 4 * 4 + 1 + 5, "{all:?}");
    assert_eq!(
        monitoring.stale_in(directory.path()).unwrap(),
        Vec::<std::path::PathBuf>::new()
    );
}

/// How many ready alerts there are.
const READY: usize = 28;

#[test]
fn an_alert_is_there_only_if_its_metrics_are() {
    let registry = Registry::new();
    registry
        .with_prefix("app")
        .collector(ProcessCollector::new())
        .unwrap();

    let without = Monitoring::of(&registry, "a").generate().unwrap();
    let with = Monitoring::of(&registry, "a").prefix("app").generate().unwrap();

    let names = |files| alerts(files)[0].iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&without),
        [
            "CardinalityOverflow",
            "CollectorFails",
            "TargetAbsent",
            "TargetDown"
        ]
    );
    assert_eq!(
        names(&with),
        [
            "CardinalityOverflow",
            "CollectorFails",
            "FileDescriptorsNearLimit",
            "Restarting",
            "TargetAbsent",
            "TargetDown"
        ]
    );
    assert!(text(&with, "alerts.rules.yml").contains("app_process_open_fds{job="));
}

#[test]
fn a_latency_that_is_no_boundary_is_refused() {
    let ms = Duration::from_millis;
    let generate = |objective| Monitoring::of(&full(), "a").objective(objective).generate();
    let latency =
        |percent, threshold| Objective::latency("http_request_duration_seconds", percent, threshold);

    let between = generate(latency(95.0, ms(250)));

    assert_eq!(
        between,
        Err(RulesError::NotABoundary {
            objective: "http-request-latency".to_owned(),
            metric: "http_request_duration_seconds".to_owned(),
            threshold: 0.25,
            buckets: vec![0.01, 0.05, 0.1, 0.3, 1.0, 5.0],
        })
    );
    for boundary in [10, 50, 100, 300, 1000, 5000] {
        assert!(generate(latency(95.0, ms(boundary))).is_ok(), "{boundary}");
    }
    assert!(matches!(
        generate(latency(100.0, ms(100))),
        Err(RulesError::InvalidPercent { .. })
    ));
    assert!(matches!(
        generate(latency(f64::NAN, ms(100))),
        Err(RulesError::InvalidPercent { .. })
    ));
}

#[test]
fn mistakes_of_objectives_are_told() {
    let objective = |metric: &str| Objective::availability(metric, 99.0);
    let of = || Monitoring::of(&full(), "a");
    let error = |monitoring: Monitoring| monitoring.generate().unwrap_err();

    assert!(matches!(
        error(of().objective(objective("http_requests_total"))),
        RulesError::NothingIsBad { .. }
    ));
    assert!(matches!(
        error(of().objective(objective("nothing_total").bad("a", "b", "b"))),
        RulesError::UnknownMetric { metric, .. } if metric == "nothing_total"
    ));
    assert!(matches!(
        error(of().objective(objective("http_requests_total").bad("status", "5..", "500"))),
        RulesError::UnknownLabel { label, .. } if label == "status"
    ));
    assert!(matches!(
        error(of().objective(objective("process_open_fds").bad("a", "b", "b"))),
        RulesError::WrongKind {
            kind: "gauge",
            expected: "counter",
            ..
        }
    ));
    let twice = objective("http_requests_total").bad("status_code", "5..", "500");
    assert!(matches!(
        error(of().objective(twice.clone()).objective(twice)),
        RulesError::DuplicateObjective { .. }
    ));
}

#[test]
fn mistakes_of_settings_are_told() {
    let of = || Monitoring::of(&full(), "a");
    let error = |monitoring: Monitoring| monitoring.generate().unwrap_err();

    for label in ["severity", "job", "sloth_id", "1a", "a-b", "__a"] {
        assert_eq!(
            error(of().label(label, "x")),
            RulesError::InvalidLabel {
                label: label.to_owned()
            }
        );
    }
    assert!(matches!(
        error(of().without("Nothing")),
        RulesError::UnknownAlert { .. }
    ));
    assert_eq!(error(Monitoring::of(&full(), "")), RulesError::NoService);
}

#[test]
fn settings_are_followed() {
    let files = Monitoring::of(&full(), "a")
        .without("TargetDown")
        .hold("Unhealthy", Duration::from_mins(90))
        .urgency("Unhealthy", Urgency::Ticket)
        .generate()
        .unwrap();
    let directory = write(&files);
    let tests = paths(&files, ".tests.yml");

    promtool(directory.path(), &[["test", "rules"].as_slice(), &tests].concat());

    let rules = text(&files, "alerts.rules.yml");
    assert!(!rules.contains("alert: TargetDown"));
    let unhealthy = rules.split("alert: Unhealthy").nth(1).unwrap();
    let unhealthy = unhealthy.split("- alert").next().unwrap();
    assert!(
        unhealthy.contains("for: \"90m\"") && unhealthy.contains("severity: ticket"),
        "{unhealthy}"
    );
}

/// The queries of all dashboards, with Grafana's variables replaced.
fn queries(files: &[GeneratedFile]) -> Vec<String> {
    let mut queries = Vec::new();
    for file in files.iter().filter(|file| file.path().ends_with(".json")) {
        let board: Value = serde_json::from_str(file.text()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expr = target["expr"].as_str().unwrap();
                queries.push(expr.replace("$__rate_interval", "5m").replace("$instance", "a"));
            }
        }
    }
    queries
}

/// The names of metrics in a query.
fn metrics(query: &str) -> BTreeSet<String> {
    // Texts first: they may hold anything. What is in braces, brackets, and after `by` are labels and times.
    let mut bare = String::new();
    let mut characters = query.chars();
    let mut depth = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                while let Some(inner) = characters.next() {
                    match inner {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            other if depth == 0 => bare.push(other),
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    let words = bare.split_inclusive(|character: char| !is_name(character));
    let mut last = String::new();
    let mut in_labels = false;
    for word in words {
        let name = word.trim_end_matches(|character: char| !is_name(character));
        let follows = word.chars().last().filter(|character| !is_name(*character));
        if ["by", "without", "on", "ignoring"].contains(&last.as_str()) && word.starts_with('(') {
            in_labels = true;
        }
        let is_number = name.starts_with(|first: char| first.is_ascii_digit());
        let is_word = [
            "by", "without", "on", "ignoring", "and", "or", "unless", "sum", "max",
        ]
        .contains(&name);
        if !in_labels && !name.is_empty() && follows != Some('(') && !is_number && !is_word {
            names.insert(name.to_owned());
        }
        if word.ends_with(')') {
            in_labels = false;
        }
        if !name.is_empty() {
            name.clone_into(&mut last);
        }
    }
    names
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '.')
}

#[test]
fn the_names_in_a_query_are_found() {
    let query = "max without (a) (slo:x:y{l=\"n(o{\"} > (14.4 * 0.001)) and on () sum by (job, le) (rate(b_total[5m])) or time() - c";
    let names: Vec<String> = metrics(query).into_iter().collect();
    assert_eq!(names, ["b_total", "c", "slo:x:y"]);
}

#[test]
fn every_query_of_a_dashboard_parses_and_names_a_metric_that_exists() {
    let registry = full();
    let files = objectives(Monitoring::of(&registry, "card \"room\""))
        .generate()
        .unwrap();
    let queries = queries(&files);
    let mut known: BTreeSet<String> = ["up", "ALERTS"].map(str::to_owned).into();
    for one in registry.definitions() {
        let suffixes: &[&str] = if one.buckets().is_empty() {
            &[""]
        } else {
            &["_bucket", "_count", "_sum"]
        };
        known.extend(suffixes.iter().map(|suffix| format!("{}{suffix}", one.name())));
    }
    let rules: Value = serde_saphyr::from_str(text(&files, "slo.rules.yml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let recorded = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    known.extend(recorded.filter_map(|rule| Some(rule["record"].as_str()?.to_owned())));

    let mut file = String::from("groups:\n- name: queries\n  rules:\n");
    for (number, query) in queries.iter().enumerate() {
        file.push_str(&format!(
            "  - record: query:{number}\n    expr: {}\n",
            Value::from(query.as_str())
        ));
        for name in metrics(query) {
            assert!(known.contains(&name), "{name} in {query}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("queries.yml"), file).unwrap();
    promtool(directory.path(), &["check", "rules", "queries.yml"]);

    assert!(queries.len() > registry.definitions().len(), "{}", queries.len());
    for one in registry.definitions() {
        assert!(
            queries.iter().any(|query| query.contains(one.name())),
            "{}",
            one.name()
        );
    }
}

#[test]
fn the_boundary_of_an_objective_is_written_as_it_is_exposed() {
    let registry = Registry::new();
    let histogram: Histogram = registry
        .histogram("job_duration_seconds", "Jobs", &[0.0025, 1.0, 7.3])
        .unwrap();
    histogram.observe(0.5);
    let exposed = registry.encode();

    for (micros, le) in [(2_500, "0.0025"), (1_000_000, "1.0"), (7_300_000, "7.3")] {
        let objective = Objective::latency("job_duration_seconds", 99.0, Duration::from_micros(micros));
        let files = Monitoring::of(&registry, "jobs")
            .objective(objective)
            .generate()
            .unwrap();
        assert!(
            text(&files, "slo.rules.yml").contains(&format!("le=\"{le}\"")),
            "{le}"
        );
        assert!(exposed.contains(&format!("le=\"{le}\"")), "{le}");
    }
}

#[test]
fn what_prometheus_takes_for_broken_utf_8_is_refused() {
    let registry = Registry::new();
    registry.histogram("a_seconds", "A.", &[0.1]).unwrap();
    let objective =
        |name: &str| Objective::latency("a_seconds", 99.0, Duration::from_millis(100)).named(name);
    let refused = |monitoring: Monitoring, expected: &str| {
        let error = monitoring.generate().unwrap_err();
        assert_eq!(
            error,
            RulesError::ReplacementCharacter {
                text: expected.to_owned()
            }
        );
    };

    refused(Monitoring::of(&registry, "a\u{fffd}"), "a\u{fffd}");
    refused(
        Monitoring::of(&registry, "a").label("team", "\u{fffd}b"),
        "\u{fffd}b",
    );
    refused(
        Monitoring::of(&registry, "a").objective(objective("c\u{fffd}")),
        "c\u{fffd}",
    );
    refused(
        Monitoring::of(&registry, "a").objective(objective("d").except("route", "\u{fffd}")),
        "\u{fffd}",
    );
}

proptest! {
    #![proptest_config(Config::with_cases(12))]

    #[test]
    fn no_text_breaks_a_file(
        help in any::<String>(),
        service in "\\PC{1,8}",
        nasty in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['"', '\\', '{', '}', '\n', '|', '$', '\u{85}'])], 1..12),
        value in any::<String>(),
    ) {
        let readable = |text: String| text.replace(char::REPLACEMENT_CHARACTER, "?");
        let (service, value) = (readable(service), readable(value));
        let nasty = readable(nasty.into_iter().collect());
        let registry = Registry::new();
        let help = format!("{help}.");
        registry.histogram_family::<Route<'_>>("a_seconds", &help, &[0.1, 1.0]).unwrap();
        let objective = Objective::latency("a_seconds", 99.0, Duration::from_millis(100))
            .only("route", &nasty)
            .named(format!("x{nasty}"));
        let files = Monitoring::of(&registry, service)
            .objective(objective)
            .label("team", &value)
            .severity(Urgency::Page, format!("p{value}"))
            .runbook(format!("https://{nasty}"))
            .generate()
            .unwrap();
        let directory = write(&files);

        check_rules(directory.path(), &files);
        let tests = paths(&files, ".tests.yml");
        promtool(directory.path(), &[["test", "rules"].as_slice(), &tests].concat());
        let board: Value = serde_json::from_str(text(&files, "-metrics.json")).unwrap();
        prop_assert_eq!(&board["panels"][1]["description"], &Value::from(help));
        let rows = text(&files, "METRICS.md").lines().filter(|line| line.starts_with("| `a_seconds`")).count();
        prop_assert_eq!(rows, 1);
    }
}
