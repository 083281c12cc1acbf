//! Registration, families, collectors, and interop with `prometheus_client`.

#[path = "labels/request.rs"]
mod request;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use groundcrew_metrics::{
    Collector, Descriptor, LabelVisitor, Labels, ProcessCollector, RegisterError, Registry, Samples,
    prometheus_client,
};

use crate::request::Request;

#[test]
fn mistakes_are_found_at_registration() {
    let registry = Registry::new();
    let app = registry.with_prefix("app").with_prefix("http");
    app.counter("requests_total", "Requests").unwrap();

    let duplicate = registry.gauge("app_http_requests_total", "Requests").unwrap_err();
    assert!(matches!(duplicate, RegisterError::ReservedName { .. }));
    assert_eq!(
        registry.counter("app_http_requests_total", "Again").unwrap_err(),
        RegisterError::Duplicate {
            name: "app_http_requests_total".into()
        }
    );
    // OpenMetrics calls the counter above by this name.
    assert_eq!(
        app.gauge("requests", "Requests").unwrap_err(),
        RegisterError::Duplicate {
            name: "app_http_requests".into()
        }
    );
    assert_eq!(
        registry
            .with_prefix("bad prefix")
            .gauge("x", "X")
            .unwrap_err()
            .to_string(),
        "metric name \"bad prefix_x\" is not valid: letters, digits and underscores, no digit first"
    );
    assert_eq!(
        app.histogram("size_bytes", "Size", &[2.0, 1.0]).unwrap_err(),
        RegisterError::UnsortedBuckets {
            name: "app_http_size_bytes".into(),
            bound: 1.0
        }
    );
    assert_eq!(
        app.histogram_family::<Request<'_>>("size_bytes", "Size", &[])
            .unwrap_err(),
        RegisterError::EmptyBuckets {
            name: "app_http_size_bytes".into()
        }
    );
    assert!(!registry.encode().contains("size_bytes"));
}

#[test]
fn labels_that_a_histogram_needs_are_refused() {
    struct Le;
    impl Labels for Le {
        type With<'a> = Self;
        const NAMES: &'static [&'static str] = &["le"];
        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value("1");
        }
    }

    let error = Registry::new()
        .histogram_family::<Le>("age_seconds", "Age", &[1.0])
        .unwrap_err();

    assert_eq!(
        error,
        RegisterError::InvalidLabel {
            name: "age_seconds".into(),
            label: "le".into()
        }
    );
}

struct Flaky {
    panics: Arc<AtomicBool>,
}

impl Collector for Flaky {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::counter("flaky_total", "Flaky"),
            Descriptor::gauge("flaky_state", "Flaky"),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        samples.counter("flaky_total", &[("a", "1")], 3_u64);
        assert!(!self.panics.load(Ordering::Relaxed), "on purpose");
        samples.gauge("flaky_state", &[], -0.5);
    }
}

#[test]
fn a_collector_that_panics_loses_its_own_metrics_alone() {
    let registry = Registry::new();
    let panics = Arc::new(AtomicBool::new(true));
    registry
        .with_prefix("app")
        .collector(Flaky {
            panics: Arc::clone(&panics),
        })
        .unwrap();
    registry.gauge("up", "Up").unwrap().set(1.0);

    let failed = registry.encode();
    panics.store(false, Ordering::Relaxed);
    let well = registry.encode();

    assert!(!failed.contains("\napp_flaky_total"), "{failed}");
    assert!(failed.contains("\nup 1.0\n"));
    assert!(failed.contains("scrape_collector_success{collector=\"app_flaky_total\"} 0\n"));
    assert!(well.contains("\napp_flaky_total{a=\"1\"} 3\n"));
    assert!(well.contains("\napp_flaky_state -0.5\n"));
    assert!(well.contains("scrape_collector_success{collector=\"app_flaky_total\"} 1\n"));
}

#[test]
fn a_collector_is_registered_whole_or_not_at_all() {
    let registry = Registry::new();
    registry.gauge("flaky_state", "Taken").unwrap();

    let error = registry
        .collector(Flaky {
            panics: Arc::default(),
        })
        .unwrap_err();

    assert_eq!(
        error,
        RegisterError::Duplicate {
            name: "flaky_state".into()
        }
    );
    registry.counter("flaky_total", "Still free").unwrap();
    assert!(!registry.encode().contains("scrape_collector_success"));
}

#[test]
fn a_sample_that_was_not_described_shows_the_collector_as_failed() {
    struct Sloppy;
    impl Collector for Sloppy {
        fn describe(&self) -> Vec<Descriptor> {
            vec![Descriptor::gauge("known", "Known")]
        }
        fn collect(&self, samples: &mut Samples<'_>) {
            samples.gauge("known", &[("a", "1")], 1_u64);
            samples.gauge("known", &[("a", "1")], 2_u64);
            samples.gauge("unknown", &[], 1_u64);
            samples.counter("known", &[], 1_u64);
            samples.gauge("known", &[("a", "1"), ("a", "2")], 1_u64);
            samples.gauge("known", &[("bad-name", "1")], 1_u64);
        }
    }
    let registry = Registry::new();
    registry.collector(Sloppy).unwrap();

    let text = registry.encode();
    assert!(text.starts_with("# HELP known Known\n# TYPE known gauge\nknown{a=\"1\"} 2\n# HELP scrape_"));
    assert!(text.contains("\nscrape_collector_success{collector=\"known\"} 0\n"));
}

#[test]
fn what_would_cost_the_scrape_is_left_out_of_a_collector() {
    struct Confused;
    impl Collector for Confused {
        fn describe(&self) -> Vec<Descriptor> {
            vec![
                Descriptor::counter("done_total", "Done"),
                Descriptor::gauge("state", "State"),
            ]
        }
        fn collect(&self, samples: &mut Samples<'_>) {
            for (worker, value) in [("a", f64::NAN), ("b", -1.0), ("c", 0.5), ("d", f64::INFINITY)] {
                samples.counter("done_total", &[("worker", worker)], value);
                samples.gauge("state", &[("worker", worker)], value);
            }
            samples.counter("done_total", &[("worker", "e")], -1_i64);
            // The same series again: the last one counts.
            samples.gauge("state", &[("b", "1"), ("a", "2")], 1_u64);
            samples.gauge("state", &[("a", "2"), ("none", ""), ("b", "1")], 2_u64);
        }
    }
    let registry = Registry::new();
    registry.collector(Confused).unwrap();

    let text = registry.encode();

    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples: Vec<&str> = samples.take(8).collect();
    assert_eq!(
        samples,
        [
            "done_total{worker=\"c\"} 0.5",
            "done_total{worker=\"d\"} +Inf",
            "state{a=\"2\",none=\"\",b=\"1\"} 2",
            "state{worker=\"a\"} NaN",
            "state{worker=\"b\"} -1.0",
            "state{worker=\"c\"} 0.5",
            "state{worker=\"d\"} +Inf",
            "scrape_collector_success{collector=\"done_total\"} 0",
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn process_metrics_tell_the_truth() {
    let registry = Registry::new();
    registry.collector(ProcessCollector::new()).unwrap();
    let value = |name: &str| -> f64 {
        let text = registry.encode();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is missing"))
            .parse()
            .unwrap()
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();

    let files: Vec<_> = (0..100)
        .map(|_| std::fs::File::open("/proc/self/stat").unwrap())
        .collect();
    let with_files = value("process_open_fds");
    drop(files);

    assert!(with_files - value("process_open_fds") >= 90.0);
    assert!(value("process_max_fds") >= with_files);
    assert!(value("process_resident_memory_bytes") > 500_000.0);
    assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
    assert!(value("process_threads") >= 1.0);
    assert!(value("process_cpu_seconds_total") >= 0.0);
    let age = now - value("process_start_time_seconds");
    assert!((-2.0..3600.0).contains(&age), "the process is {age} s old");
}

#[test]
fn everything_of_ours_shows_in_their_registry() {
    let ours = Registry::new();
    ours.counter("jobs_total", "Jobs").unwrap().inc_by(2);
    ours.counter_f64("revenue_total", "Two\nlines")
        .unwrap()
        .inc_by(1.5);
    ours.gauge_family::<Request<'_>>("depth", "Depth").unwrap().set(
        &Request {
            route: "a\"b",
            status: 7,
        },
        4.0,
    );
    let ages = ours.histogram("age_seconds", "Age", &[1.0, 2.0]).unwrap();
    [0.5, 1.5, 9.0].into_iter().for_each(|age| ages.observe(age));
    ours.collector(Flaky {
        panics: Arc::default(),
    })
    .unwrap();
    let mut theirs = prometheus_client::registry::Registry::default();
    theirs.register_collector(Box::new(ours));

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &theirs).unwrap();

    assert_eq!(
        text,
        r#"# HELP jobs Jobs
# TYPE jobs counter
jobs_total 2
# HELP revenue Two lines
# TYPE revenue counter
revenue_total 1.5
# HELP depth Depth
# TYPE depth gauge
depth{route="a\"b",status="7"} 4.0
# HELP age_seconds Age
# TYPE age_seconds histogram
age_seconds_sum 11.0
age_seconds_count 3
age_seconds_bucket{le="1.0"} 1
age_seconds_bucket{le="2.0"} 2
age_seconds_bucket{le="+Inf"} 3
# HELP flaky Flaky
# TYPE flaky counter
flaky_total{a="1"} 3
# HELP flaky_state Flaky
# TYPE flaky_state gauge
flaky_state -0.5
# EOF
"#
    );
}

#[test]
fn our_types_can_be_registered_with_theirs() {
    let ours = Registry::new();
    let requests = ours
        .counter_family::<Request<'_>>("requests_total", "Requests")
        .unwrap();
    requests.inc(&Request {
        route: "/",
        status: 200,
    });
    let mut theirs = prometheus_client::registry::Registry::default();
    theirs.register("requests", "Requests", requests);

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &theirs).unwrap();

    assert!(
        text.contains("requests_total{route=\"/\",status=\"200\"} 1\n"),
        "{text}"
    );
}

#[test]
fn a_gauge_that_is_given_nan_keeps_its_value_and_tells() {
    let registry = Registry::new();
    let depth = registry.gauge("depth", "Jobs that wait").unwrap();
    depth.set(4.0);

    depth.set(f64::NAN);
    depth.add(f64::NAN);
    depth.inc();

    let text = registry.encode();
    assert!(text.contains("\ndepth 5.0\n"), "{text}");
    assert!(
        text.contains("\nmetrics_rejected_total{family=\"depth\"} 2\n"),
        "{text}"
    );
}
